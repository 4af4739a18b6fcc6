// Typhon's own heap: every Python object and every body (dict table, list array) that a racing reader may look at
// (docs/heap.md).
//
// Chunks of 4 MiB, aligned to their size; in them pages of 64 KiB, each of one size class, owned by one thread, with
// mark bits in the page header. Blocks never move. A freed block keeps shape 0 in its first word, so that a stale
// reader, the collector and the enumerator see dead memory. Blocks above kMaxSmall span pages; above one chunk they
// are mapped by themselves (still chunk-aligned, so that any interior pointer finds its block).
//
// Allocation never polls, never runs Python code, and never returns null: when the system has no memory left the
// allocating function reports MemoryError through the Result-returning variants (allocate_body, try_allocate); the
// plain ones keep an emergency reserve and abort with a message when that is gone as well.
#pragma once
#include "value/ref.h"

namespace typhon {

struct Thread;

namespace heap {

inline constexpr size_t kGranule = 16;
inline constexpr size_t kMaxSmall = 8192;
inline constexpr size_t kClassCount = 64;  // size classes: every 16 bytes to 512, then geometric (heap.cpp)

// Maps the address space the heap hands out. Called once, before any object is made.
void initialise();

// A block of at least `size` bytes, zero-filled, its header {shape, count one, LOCAL}. Tracked objects are looked at by
// the cycle collector. `shape` is an index of the shape table (objects/shape.h).
Object* allocate(Thread& t, u32 shape, size_t size, bool tracked);
// The same for sizes that a Python program chooses; ERROR-style null plus a pending MemoryError when it cannot be had.
Object* try_allocate(Thread& t, u32 shape, size_t size, bool tracked);

// The same for one whose bytes from `head` on may be anything: text, or slots that the caller fills at once.
Object* try_allocate_unfilled(Thread& t, u32 shape, size_t size, size_t head, bool tracked = false);

template <class T>
T* allocate_as(Thread& t, u32 shape, size_t size = sizeof(T), bool tracked = true) {
  return static_cast<T*>(allocate(t, shape, size, tracked));
}

// Gives a block back. Its memory is dead at once; only for blocks that no other thread can see any more.
void free_block(Thread& t, void* block);
// The same in the usual case, without a call; false: not done.
bool free_block_quickly(Thread& t, void* block);
// The usable size of a block.
size_t block_size(const void* block);

// --- bodies: storage that one object owns (list arrays, dict tables, attribute overflow). A body has a header of its
// own, so that the heap can be enumerated and the scan can go from a body to its owner (R16).
struct Body {
  u32 shape;  // kBodyShape
  u32 flags;
  Object* owner;  // the object whose storage this is; null until installed
};
inline constexpr u32 kBodyShape = 1;
// `size` includes the Body header; zero-filled, from `cleared` on with anything. Null and a pending MemoryError when it cannot be had.
Body* allocate_body(Thread& t, Object* owner, size_t size, size_t cleared = ~size_t(0));
// Frees a body that was replaced: at once when its owner is LOCAL or the program is single-threaded, otherwise after
// every thread has passed a safepoint (a racing reader may still be in it). Must not be called under an object lock
// with readers unaware: publish the new body first.
void retire_body(Thread& t, Object* owner, Body* body);

// --- enumeration and address look-up; only while the world is stopped
// The start of the live block that contains `address` (interior pointers count), or null.
void* find_block(const void* address);
// Calls f(block, context) for every live object (bodies left out).
void for_each_object(void (*f)(Object* object, void* context), void* context);

struct Statistics {
  u64 bytes_mapped, bytes_live, blocks_live, tracked_live;
};
Statistics statistics();
// Bytes allocated by this thread since its last call; drives the collector's trigger.

}  // namespace heap
}  // namespace typhon
