// The heap's own structures (private to heap/): chunks, page descriptors, size classes. docs/heap.md.
//
// Address space: one reserved range, so that "is this word a heap address" is one compare. It is cut into 4 MiB chunks.
// Page 0 of a chunk holds the ChunkHeader (with one PageMeta per page), pages 1..63 hold blocks. A huge block takes whole
// chunks, begins in page 1 of the first one and has its PageMeta there.
//
// Who may touch what: `owner`, `kind` and the run fields of a page change under g_pages_lock (page handed out, given
// back, adopted), or while the world is stopped. `bump`, `free`, `touched`, `next` belong to the owning thread. Everybody may
// read the PageMeta of a page in which it knows a live block.
#pragma once
#include "heap/heap.h"
#include "platform/os.h"

namespace typhon {
struct HeapState;
}

namespace typhon::heap {

inline constexpr size_t kChunkSize = size_t(4) << 20;
inline constexpr size_t kPageSize = size_t(64) << 10;
inline constexpr u32 kPagesPerChunk = u32(kChunkSize / kPageSize);
inline constexpr size_t kMaxMedium = kChunkSize - kPageSize;
inline constexpr u64 kAllPages = ~u64(1);  // page 0 is never free

enum class PageKind : u8 { kFree, kSmall, kMedium, kMediumTail, kHuge };

struct PageMeta {
  HeapState* owner;  // the thread that allocates from it; &g_orphans when none. Stored with release, for a new thread's is made just before
  PageKind kind;
  u8 touched;          // kSmall: may hold blocks handed out since the owner's last young collection (heap/young.cpp)
  u16 head;            // kMediumTail: index of the run's first page
  u32 block_size;      // kSmall
  u32 capacity;        // blocks in the page; 1 for medium and huge
  u32 bump;            // blocks [0, bump) were handed out at least once; the rest is zero
  u32 free_count;      // blocks in `free`
  u8 size_class;
  u32 resident;        // about how many bytes have memory; exact for pages of small blocks that were never given back
  u32 excess;          // kMedium: touched memory that the block does not need
  u64 run_bytes;       // medium, huge: size of the block
  PageMeta* next;      // owner's pages of the class; abandoned pages of the class; owner's runs
  PageMeta* previous;  // runs only
  PageMeta* next_partial;  // the owner's pages of the class with blocks in `free`
  void* free;          // free blocks that are in no thread's free list
  u32* marks;          // collector: one word per block while a collection runs
  u32 single_mark;     // ... of medium and huge blocks
  u32 counted;         // kMedium: the bytes by which it grew the heap
};

struct ChunkHeader {
  u64 free_pages;   // bit per page
  u64 dirty_pages;  // free pages that may hold old bytes
  u32 index;
  bool listed;  // in the list of chunks with free pages
  ChunkHeader* next;
  ChunkHeader* previous;
  PageMeta pages[kPagesPerChunk];
};
static_assert(sizeof(ChunkHeader) <= kPageSize);

// Entry of the chunk table: 0 unused, else kind in the low bits.
inline constexpr u32 kChunkUnused = 0, kChunkPages = 1, kChunkHugeHead = 2,
                     kChunkHugeTail = 3;  // tail: head index << 2

struct Space {
  u64 base = 0, size = 0;
  u32* chunks = nullptr;  // the chunk table
  u32 chunk_count = 0;    // length of the table
  u32 high_water = 0;     // chunks [0, high_water) may be in use
};
extern Space g_space;

}  // namespace typhon::heap

namespace typhon::heap {
inline constexpr u64 kMinYoung = u64(512) << 10, kMaxYoung = u64(8) << 20;
}
// Per-thread part of the allocator that only slow paths need. Never freed: reused by later threads.
struct typhon::HeapState {
  typhon::heap::PageMeta* current[typhon::heap::kClassCount] = {};  // the page that fresh blocks are carved from
  typhon::heap::PageMeta* pages[typhon::heap::kClassCount] = {};    // all pages of the class that this thread owns
  typhon::heap::PageMeta* partial[typhon::heap::kClassCount] = {};  // those of them with free blocks of their own
  typhon::heap::PageMeta* runs = nullptr;  // medium and huge blocks allocated by this thread (g_pages_lock)
  void* remote = nullptr;                  // stack of blocks that other threads freed (atomic)
  typhon::u32 free_budget = 0;             // frees until the free lists are searched for empty pages
  typhon::u64 young_bytes = 0, touched_bytes = 0;  // handed out since the last young collection; size of the pages touched
  typhon::u64 young_limit = typhon::heap::kMinYoung;
  typhon::Thread* thread = nullptr;        // null while nobody uses the state
  HeapState* next_unused = nullptr;
};

namespace typhon::heap {

// --- size classes: every 16 bytes to 512, then eight per doubling
constexpr u32 class_of(size_t size) {
  if (size <= 512) return size <= 16 ? 0 : u32((size + 15) >> 4) - 1;
  u32 shift = u32(std::bit_width(size - 1)) - 1;  // 2^shift < size <= 2^(shift+1)
  return 32 + (shift - 9) * 8 + u32((size - 1 - (size_t(1) << shift)) >> (shift - 3));
}
constexpr u32 class_size(u32 c) {
  if (c < 32) return (c + 1) * 16;
  u32 shift = 9 + (c - 32) / 8, step = (c - 32) % 8 + 1;
  return (u32(1) << shift) + (step << (shift - 3));
}
static_assert(class_size(kClassCount - 1) == kMaxSmall && class_of(kMaxSmall) == kClassCount - 1);
static_assert(class_of(513) == 32 && class_size(32) == 576 && class_of(576) == 32 && class_of(577) == 33);

struct ClassTables {
  u32 size[kClassCount], capacity[kClassCount];
  u64 reciprocal[kClassCount];  // (offset * reciprocal) >> 32 = offset / size for offset < kPageSize
  constexpr ClassTables() : size{}, capacity{}, reciprocal{} {
    for (u32 c = 0; c < kClassCount; c++) {
      size[c] = class_size(c);
      capacity[c] = u32(kPageSize / size[c]);
      reciprocal[c] = ((u64(1) << 32) + size[c] - 1) / size[c];
    }
  }
};
inline constexpr ClassTables kClasses;

inline void*& link_of(void* block) { return *reinterpret_cast<void**>(static_cast<char*>(block) + 8); }
inline u32 block_shape(const void* block) { return __atomic_load_n(static_cast<const u32*>(block), __ATOMIC_RELAXED); }
// The state of an object in a page of the calling thread, while other threads run: those free SHARED and DEFERRED objects of any page
// whenever they like, and a freed block has the link of a list where its state was (push_remote). 0: it was freed.
inline u8 state_unless_freed(const Object* object) {
  u8 state = __atomic_load_n(&object->state, __ATOMIC_ACQUIRE);
  return block_shape(object) != 0 ? state : 0;
}

// Whether blocks may be taken off the free lists without telling a tool that watches them.
#ifdef TYPHON_ASAN_BUILD
inline constexpr bool kQuickBlocks = false;
#else
inline constexpr bool kQuickBlocks = !kChecking;
#endif

inline bool in_space(const void* address) { return u64(address) - g_space.base < g_space.size; }
inline ChunkHeader* chunk_at(u32 index) {
  return reinterpret_cast<ChunkHeader*>(g_space.base + u64(index) * kChunkSize);
}
inline u32 chunk_index(const void* address) { return u32((u64(address) - g_space.base) / kChunkSize); }
inline u32 page_index(const void* address) { return u32(u64(address) / kPageSize) % kPagesPerChunk; }
// Of the page that a block begins in.
inline PageMeta* meta_of(const void* block) {
  auto* chunk = reinterpret_cast<ChunkHeader*>(u64(block) & ~(kChunkSize - 1));
  return &chunk->pages[page_index(block)];
}
inline char* page_start(const PageMeta* meta) {
  u64 chunk = u64(meta) & ~(kChunkSize - 1);
  return reinterpret_cast<char*>(chunk) + size_t(meta - reinterpret_cast<ChunkHeader*>(chunk)->pages) * kPageSize;
}
inline u32 block_index(const PageMeta* meta, const void* block) {
  if (meta->kind != PageKind::kSmall) return 0;
  return u32(((u64(block) & (kPageSize - 1)) * kClasses.reciprocal[meta->size_class]) >> 32);
}

// Calls f(meta) for every page (run, huge block) in use. Only while no page changes hands: the world is stopped.
template <class F>
void for_each_page(F f) {
  for (u32 i = 0; i < g_space.high_water; i++) {
    u32 entry = g_space.chunks[i];
    ChunkHeader* chunk = chunk_at(i);
    if (entry == kChunkHugeHead) f(&chunk->pages[1]);
    if (entry != kChunkPages) continue;
    for (u32 p = 1; p < kPagesPerChunk; p++) {
      PageKind kind = chunk->pages[p].kind;
      if (kind == PageKind::kSmall || kind == PageKind::kMedium) f(&chunk->pages[p]);
    }
  }
}
// Calls f(block) for every live block of a page, bodies included.
template <class F>
TYPHON_INLINE void for_each_block(const PageMeta* meta, F f) {
  char* start = page_start(meta);
  if (meta->kind != PageKind::kSmall) {
    if (block_shape(start) != 0) f(static_cast<void*>(start));
    return;
  }
  for (u32 i = 0, n = meta->bump; i < n; i++) {
    void* block = start + size_t(i) * meta->block_size;
    if (block_shape(block) != 0) f(block);
  }
}

// --- bodies. `flags` belongs to the owner's type, and racing readers may still look at it in a retired body; the owner
// field of a retired body says that it is one, and whether the running scan has found it.
inline Object* const kRetired = reinterpret_cast<Object*>(1);
inline Object* const kRetiredFound = reinterpret_cast<Object*>(3);
inline bool is_retired(const Body* body) { return u64(body->owner) & 1; }

// --- thread life cycle
// Gives a starting thread its allocator state, and takes that of a finished one back (its pages are abandoned).
void attach_heap(Thread& t);
void detach_heap(Thread& t);
// The thread that owns the page of a block, null when abandoned.
Thread* owner_thread(const void* block);
// Calls f for every live object in the pages of one thread (the calling one, or with the world stopped).
void for_each_object_of(Thread& t, void (*f)(Object* object, void* context), void* context);
// Distributes a thread's free lists over the pages and gives the empty ones back.
void scavenge(Thread& t);
// Gives the abandoned pages back in which every block is free.
void scavenge_abandoned();
// Whether enough was handed out since the last young collection, of pages that are worth the look.
inline bool young_due(const HeapState& h) { return h.young_bytes > h.young_limit && h.young_bytes > h.touched_bytes / 8; }
// All pages of the thread count as untouched from now on.
void reset_young(Thread& t);
void collect_remote_frees(Thread& t);
void reset_locks_after_fork();
// From now on the executable's pages are let go of (platform::forget_code_pages) whenever the heap has grown by an eighth: a program that
// grows has come to another part of its work.
void forget_code_as_heap_grows();

// --- growth: fresh bytes handed out minus pages given back, since reset_growth. What the collector's trigger looks at.
i64 growth();
void reset_growth();
extern i64 g_growth_limit;  // passing it sets the poll byte of the thread that did

}  // namespace typhon::heap
