// SPDX-License-Identifier: MIT
//
// Java: ArrayBlockingQueue of BOUND for the items, LinkedBlockingQueue for the results,
// threads that all start at once, a thread of its own that calls the source. A tenth
// of the items goes through first, so that the compiler has seen the code. The
// switches are those of the threads that still live at the end, and so too few.

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

public class Queues {
    static String work;
    static long cost, count, sum;
    static long[] trips;

    static long action(long item) throws InterruptedException {
        if (work.equals("sleep"))
            Thread.sleep(cost / 1000000, (int) (cost % 1000000));
        else if (work.equals("spin"))
            for (long until = System.nanoTime() + cost; System.nanoTime() < until; )
                ;
        return item + 1;
    }

    static void run(int workers, int bound, long items) throws Exception {
        BlockingQueue<Long> in = new ArrayBlockingQueue<>(bound);
        BlockingQueue<Long> out = new LinkedBlockingQueue<>();
        Thread[] threads = new Thread[workers];
        for (int i = 0; i < workers; i++) {
            threads[i] = new Thread(() -> {
                try {
                    for (long item; (item = in.take()) >= 0; )
                        out.put(action(item));
                } catch (InterruptedException e) {
                    throw new RuntimeException(e);
                }
            });
            threads[i].start();
        }
        Thread source = new Thread(() -> {
            try {
                for (long item = 0; item < items; item++)
                    in.put(item);
            } catch (InterruptedException e) {
                throw new RuntimeException(e);
            }
        });
        if (!work.equals("ping"))
            source.start();
        count = sum = 0;
        for (; count < items; count++) {
            long made = System.nanoTime();
            if (trips != null)
                in.put(count);
            sum += out.take();
            if (trips != null)
                trips[(int) count] = System.nanoTime() - made;
        }
        source.join();
        for (int i = 0; i < workers; i++)
            in.put(-1L);
        for (Thread thread : threads)
            thread.join();
    }

    static long field(String file, String name) throws Exception {
        for (String line : Files.readAllLines(Path.of(file)))
            if (line.startsWith(name))
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
        return 0;
    }

    static long switches() throws Exception {
        long all = 0;
        for (var task : new java.io.File("/proc/self/task").list())
            try {
                String file = "/proc/self/task/" + task + "/status";
                all += field(file, "voluntary") + field(file, "nonvoluntary");
            } catch (java.io.IOException gone) {
            }
        return all;
    }

    static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean)
                ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    public static void main(String[] args) throws Exception {
        int workers = Integer.parseInt(args[1]), bound = Integer.parseInt(args[2]);
        long items = Long.parseLong(args[3]);
        work = args[0];
        cost = Long.parseLong(args[4]);
        run(workers, bound, work.equals("ping") ? 0 : items / 10);
        if (work.equals("ping"))
            trips = new long[(int) items];
        long cpu = cpu(), switches = switches(), began = System.nanoTime();
        run(workers, bound, items);
        long wall = System.nanoTime() - began;
        System.out.printf("{\"items\": %d, \"sum\": %d, \"wall_ns\": %d, \"cpu_ns\": %d, "
            + "\"switches\": %d, \"peak_kib\": %d", count, sum, wall, cpu() - cpu,
            switches() - switches, field("/proc/self/status", "VmHWM"));
        if (trips != null && items > 0) {
            Arrays.sort(trips);
            String[] at = new String[5];
            double[] q = { 0.5, 0.9, 0.99, 0.999, 1 };
            for (int i = 0; i < 5; i++)
                at[i] = "" + trips[(int) (q[i] * (trips.length - 1))];
            System.out.print(", \"latency_ns\": [" + String.join(", ", at) + "]");
        }
        System.out.println("}");
    }
}
