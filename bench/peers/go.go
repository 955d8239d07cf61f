// SPDX-License-Identifier: MIT
//
// Go: goroutines and buffered channels, in of BOUND and out of as many. A goroutine
// of its own calls the source. Goroutines are no threads: one that sleeps holds
// none, and a hand-over mostly stays within a thread. GOMAXPROCS is what the
// process is given.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"
)

func use() (int64, int64, int64) {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano(), int64(u.Nvcsw + u.Nivcsw), int64(u.Maxrss)
}

func number(i int) int64 {
	n, err := strconv.ParseInt(os.Args[i], 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

var work string
var cost time.Duration

func action(item int64) int64 {
	switch work {
	case "sleep":
		time.Sleep(cost)
	case "spin":
		// The wall's: a goroutine has no clock of its own.
		for began := time.Now(); time.Since(began) < cost; {
		}
	}
	return item + 1
}

func main() {
	work = os.Args[1]
	workers, bound, items := number(2), number(3), number(4)
	cost = time.Duration(number(5))
	cpu, switches, _ := use()
	began := time.Now()

	in := make(chan int64, bound)
	out := make(chan int64, bound)
	ended := make(chan bool)
	for i := int64(0); i < workers; i++ {
		go func() {
			for item := range in {
				out <- action(item)
			}
			ended <- true
		}()
	}
	var sum, count int64
	var trips []int64
	if work == "ping" {
		for item := int64(0); item < items; item++ {
			made := time.Now()
			in <- item
			sum += <-out
			trips = append(trips, time.Since(made).Nanoseconds())
			count++
		}
		close(in)
	} else {
		go func() {
			for item := int64(0); item < items; item++ {
				in <- item
			}
			close(in)
		}()
		for ; count < items; count++ {
			sum += <-out
		}
	}
	for i := int64(0); i < workers; i++ {
		<-ended
	}

	wall := time.Since(began).Nanoseconds()
	cpuAfter, switchesAfter, peak := use()
	fmt.Printf("{\"items\": %d, \"sum\": %d, \"wall_ns\": %d, \"cpu_ns\": %d, "+
		"\"switches\": %d, \"peak_kib\": %d",
		count, sum, wall, cpuAfter-cpu, switchesAfter-switches, peak)
	if len(trips) > 0 {
		sort.Slice(trips, func(i, j int) bool { return trips[i] < trips[j] })
		fmt.Printf(", \"latency_ns\": [")
		for i, q := range []float64{0.5, 0.9, 0.99, 0.999, 1} {
			if i > 0 {
				fmt.Printf(", ")
			}
			fmt.Printf("%d", trips[int(q*float64(len(trips)-1))])
		}
		fmt.Printf("]")
	}
	fmt.Println("}")
}
