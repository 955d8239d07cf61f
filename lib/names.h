/* SPDX-License-Identifier: MIT */
/*
 * What the linker sees. The rooms call each other by short names, and a program
 * that is linked with the archive may well have a ring_put() of its own: none
 * of ours gets in its way. test/symbols.sh finds one that is missing here.
 */
#ifndef PAR_NAMES_H
#define PAR_NAMES_H

/* crew.h */
#define crew_begin   libpar_crew_begin
#define crew_first   libpar_crew_first
#define crew_join    libpar_crew_join
#define crew_leave   libpar_crew_leave
#define crew_opened  libpar_crew_opened
#define crew_recruit libpar_crew_recruit
#define crew_refused libpar_crew_refused
#define crew_retire  libpar_crew_retire
#define crew_stay    libpar_crew_stay

/* handover.h */
#define pool_cancel	libpar_pool_cancel
#define pool_deliver	libpar_pool_deliver
#define pool_end_supply libpar_pool_end_supply
#define pool_exchange	libpar_pool_exchange
#define pool_leftover	libpar_pool_leftover
#define pool_push	libpar_pool_push
#define pool_settle	libpar_pool_settle
#define pool_supply	libpar_pool_supply

/* interrupter.h */
#define interrupter_start libpar_interrupter_start
#define interrupter_stop  libpar_interrupter_stop

/* outbox.h */
#define outbox_expect libpar_outbox_expect
#define outbox_put    libpar_outbox_put
#define outbox_ready  libpar_outbox_ready
#define outbox_take   libpar_outbox_take

/* parking.h */
#define parking_call_each libpar_parking_call_each
#define parking_call_top  libpar_parking_call_top
#define parking_linger	  libpar_parking_linger
#define parking_sleep	  libpar_parking_sleep
#define parking_withdraw  libpar_parking_withdraw

/* pipe.h */
#define pipe_close   libpar_pipe_close
#define pipe_hang_up libpar_pipe_hang_up
#define pipe_open    libpar_pipe_open
#define pipe_set     libpar_pipe_set

/* pool.h */
#define copy_out	libpar_copy_out
#define pool_able	libpar_pool_able
#define pool_at_end	libpar_pool_at_end
#define pool_end_source libpar_pool_end_source
#define pool_fini	libpar_pool_fini
#define pool_finish	libpar_pool_finish
#define pool_has_room	libpar_pool_has_room
#define pool_init	libpar_pool_init
#define pool_is_short	libpar_pool_is_short
#define pool_lock	libpar_pool_lock
#define pool_park	libpar_pool_park
#define pool_sleep	libpar_pool_sleep
#define pool_stats	libpar_pool_stats
#define pool_unlock	libpar_pool_unlock
#define role_enter	libpar_role_enter
#define role_leave	libpar_role_leave

/* producer.h */
#define producer_join  libpar_producer_join
#define producer_start libpar_producer_start

/* ring.h */
#define ring_fini libpar_ring_fini
#define ring_init libpar_ring_init
#define ring_put  libpar_ring_put
#define ring_take libpar_ring_take

/* self.h */
#define self_begin   libpar_self_begin
#define self_end     libpar_self_end
#define self_in	     libpar_self_in
#define self_opening libpar_self_opening

/* thread.h */
#define cancel_disable	  libpar_cancel_disable
#define cancel_restore	  libpar_cancel_restore
#define flag_is_raised	  libpar_flag_is_raised
#define flag_raise	  libpar_flag_raise
#define lock_drop	  libpar_lock_drop
#define lock_fini	  libpar_lock_fini
#define lock_init	  libpar_lock_init
#define lock_take	  libpar_lock_take
#define signal_block	  libpar_signal_block
#define signal_check	  libpar_signal_check
#define signal_install	  libpar_signal_install
#define signal_send	  libpar_signal_send
#define signal_unblock	  libpar_signal_unblock
#define sleeper_fini	  libpar_sleeper_fini
#define sleeper_init	  libpar_sleeper_init
#define sleeper_sleep	  libpar_sleeper_sleep
#define sleeper_wake	  libpar_sleeper_wake
#define thread_join	  libpar_thread_join
#define thread_name	  libpar_thread_name
#define thread_stack_size libpar_thread_stack_size
#define thread_start	  libpar_thread_start
#define time_after	  libpar_time_after
#define time_now	  libpar_time_now

/* worker.h */
#define worker_start libpar_worker_start

#endif
