// Private to threads/: what belongs to a Thread but is of no interest to anybody else, and the parts of the protocol that
// several files here share.
#pragma once
#include "platform/os.h"
#include "threads/thread.h"

namespace typhon {

struct PlatformThread {
  // Parking: the thread sleeps on this word, in the parking lot and nowhere else.
  u32 park_word = 0;
  u64 spin_ns = 8'000;  // how long it watches the word first
  u8 vain_watches = 0, skipped_watches = 0;  // in a row, long ones; parking_lot.cpp
  // Start record and stack of a started thread.
  void (*entry)(Thread& t, void* argument) = nullptr;
  void* argument = nullptr;
  platform::NativeStack native_stack;
  size_t native_margin = 0;  // bytes below Thread::native_limit
  void* python_stack = nullptr;
  size_t python_stack_size = 0;
  // Stopped at a full safepoint, so that it will run Python-capable code right after the restart (collector).
  bool in_safepoint = false;
  bool helper = false;  // a helper thread of the VM: not counted
  bool finished = false;
  u64 number = 0;  // how many thread records there were before (checking build)
};

namespace park {
// Bits of park_word. kSleeping: a wake-up takes a system call.
inline constexpr u32 kWaiting = 0, kUnparked = 1, kInterrupted = 2, kSleeping = 4;
}

namespace gil {
void acquire(Thread& t);
void release(Thread& t);
bool drop_requested();
void yield(Thread& t);  // at a safepoint: lets another thread run
void reset_after_fork(Thread& t);
}  // namespace gil

// Makes, registers and frees Thread records. `ident` and stacks are filled in by the caller.
Thread* new_thread_record(size_t python_stack_size);
void add_to_thread_list(Thread& t, Thread* added);
bool signal_arrived();

// Starts the helper thread that reclaims candidates when nobody else does (heap/reclaim.cpp gives the body).
bool start_helper_thread(void (*body)(Thread& t));

void parking_lot_reset_after_fork();

}  // namespace typhon
