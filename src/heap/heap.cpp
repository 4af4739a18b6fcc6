// The allocator: size classes, pages, chunks. docs/heap.md has the picture, heap/pages.h the structures.
#include "heap/heap.h"

#include <cstdio>
#include <cstdlib>

#include "heap/counting.h"
#include "heap/pages.h"
#include "heap/reclaim.h"
#include "threads/hooks.h"
#include "threads/thread.h"

#ifdef TYPHON_ASAN_BUILD
#include <sanitizer/asan_interface.h>
#define TYPHON_POISON(block, size) ASAN_POISON_MEMORY_REGION(static_cast<char*>(block) + 16, (size) - 16)
#define TYPHON_UNPOISON(block, size) ASAN_UNPOISON_MEMORY_REGION(block, size)
#else
#define TYPHON_POISON(block, size) void(0)
#define TYPHON_UNPOISON(block, size) void(0)
#endif

namespace typhon::heap {

Space g_space;
i64 g_growth_limit = i64(8) << 20;

namespace {

// Everything in this namespace is guarded by g_pages_lock, unless it says otherwise. A leaf lock: nothing is taken under it.
platform::RawLock g_pages_lock;
ChunkHeader* g_open_chunks = nullptr;  // chunks with free pages
u32 g_first_unused_chunk = 0;          // no unused chunk below
u32 g_spare_chunks = 0;                // chunks without any page in use
u64 g_pages_used = 0, g_dirty_pages = 0;
u64 g_bytes_mapped = 0;
u64 g_forget_at = ~u64(0);   // with so many pages in use, the executable's pages are let go of once more
bool g_forget_due = false;   // atomic
u64 g_excess = 0;  // sum over all runs (atomic)
HeapState g_orphans;  // owner of abandoned pages
PageMeta* g_abandoned[kClassCount];
u32 g_abandoned_count[kClassCount];  // read without the lock as a hint (atomic)
HeapState* g_unused_states = nullptr;

i64 g_growth = 0;  // atomic
inline constexpr u64 kGrowthStep = 32 * 1024;
// Touched memory behind the blocks of runs: this much stays where it is, for the next one that is larger.
inline constexpr u64 kMaxExcess = u64(1) << 20;
inline constexpr u32 kFirstBudget = 64 * 1024;
inline constexpr u32 kHugePagesFrom = 16;  // chunks; a small heap must not pay 2 MiB at a time
inline constexpr size_t kMostAhead = 128 * 1024;  // runs above this size take memory only where they are touched
inline constexpr u64 kForgetGrowth = 8;
inline constexpr u32 kAhead = 16 * 1024;  // memory is asked for in such steps where more than one is used

// --- chunks

void list_chunk(ChunkHeader* chunk) {
  if (chunk->listed) return;
  chunk->listed = true;
  chunk->previous = nullptr;
  chunk->next = g_open_chunks;
  if (g_open_chunks != nullptr) g_open_chunks->previous = chunk;
  g_open_chunks = chunk;
}

void unlist_chunk(ChunkHeader* chunk) {
  if (!chunk->listed) return;
  chunk->listed = false;
  (chunk->previous != nullptr ? chunk->previous->next : g_open_chunks) = chunk->next;
  if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
}

// The index of `count` unused chunks in a row, or chunk_count.
u32 find_chunks(u32 count) {
  u32 run = 0;
  for (u32 i = g_first_unused_chunk; i < g_space.chunk_count; i++) {
    run = g_space.chunks[i] == kChunkUnused ? run + 1 : 0;
    if (run == count) return i + 1 - count;
  }
  return g_space.chunk_count;
}

void mark_chunks(u32 first, u32 count, u32 head_entry) {
  for (u32 i = 0; i < count; i++) {
    g_space.chunks[first + i] = i == 0 ? head_entry : (first << 2) | kChunkHugeTail;
  }
  if (first == g_first_unused_chunk) g_first_unused_chunk = first + count;
  if (first + count > g_space.high_water) g_space.high_water = first + count;
}

bool add_chunk() {
  u32 index = find_chunks(1);
  if (index == g_space.chunk_count) return false;
  ChunkHeader* chunk = chunk_at(index);
  if (!platform::commit(chunk, kChunkSize, index >= kHugePagesFrom)) return false;
  g_bytes_mapped += kChunkSize;
  chunk->index = index;
  chunk->free_pages = kAllPages;
  mark_chunks(index, 1, kChunkPages);
  list_chunk(chunk);
  g_spare_chunks++;
  return true;
}

void give_back_chunks(u32 first, u32 count, size_t bytes) {
  for (u32 i = 0; i < count; i++) g_space.chunks[first + i] = kChunkUnused;
  if (first < g_first_unused_chunk) g_first_unused_chunk = first;
  while (g_space.high_water > 0 && g_space.chunks[g_space.high_water - 1] == kChunkUnused) g_space.high_water--;
  TYPHON_UNPOISON(chunk_at(first), bytes);
  platform::decommit(chunk_at(first), bytes);
  g_bytes_mapped -= bytes;
}

// --- runs of pages

// The lowest position of `count` consecutive set bits, or 64.
u32 find_run(u64 bits, u32 count) {
  // After the loop a bit is set where `count` ones begin.
  u32 have = 1;
  while (have < count && bits != 0) {
    u32 step = have < count - have ? have : count - have;
    bits &= bits >> step;
    have += step;
  }
  return bits == 0 ? 64 : u32(__builtin_ctzll(bits));
}

u64 run_mask(u32 first, u32 count) { return (count == 64 ? ~u64(0) : ((u64(1) << count) - 1)) << first; }

// After pages were taken, without the lock.
TYPHON_INLINE void forget_if_due() {
  if (__atomic_load_n(&g_forget_due, __ATOMIC_RELAXED)) [[unlikely]] {
    __atomic_store_n(&g_forget_due, false, __ATOMIC_RELAXED);
    platform::forget_code_pages();
  }
}

// Takes `count` consecutive pages; `dirty` tells which hold old bytes (bit 0: the first). Null when there is no memory.
PageMeta* take_pages(u32 count, u64* dirty) {
  for (int attempt = 0; attempt < 2; attempt++) {
    u32 looked_at = 0;
    for (ChunkHeader* chunk = g_open_chunks; chunk != nullptr && looked_at < 64; chunk = chunk->next, looked_at++) {
      u32 first = find_run(chunk->free_pages, count);
      if (first == 64) continue;
      if (chunk->free_pages == kAllPages) g_spare_chunks--;
      u64 mask = run_mask(first, count);
      *dirty = (chunk->dirty_pages & mask) >> first;
      g_dirty_pages -= u64(__builtin_popcountll(*dirty));
      chunk->free_pages &= ~mask;
      chunk->dirty_pages &= ~mask;
      if (chunk->free_pages == 0) unlist_chunk(chunk);
      g_pages_used += count;
      if (g_pages_used >= g_forget_at) [[unlikely]] {
        g_forget_at = g_pages_used + g_pages_used / kForgetGrowth;
        __atomic_store_n(&g_forget_due, true, __ATOMIC_RELAXED);
      }
      return &chunk->pages[first];
    }
    if (!add_chunk()) return nullptr;
  }
  return nullptr;
}

void give_back_pages(PageMeta* meta, u32 count) {
  auto* chunk = reinterpret_cast<ChunkHeader*>(u64(meta) & ~(kChunkSize - 1));
  u32 first = u32(meta - chunk->pages);
  char* start = page_start(meta);
  for (u32 i = 0; i < count; i++) {
    if (meta[i].kind == PageKind::kSmall) meta[i].resident = kPageSize;
    meta[i].kind = PageKind::kFree;
    __atomic_store_n(&meta[i].owner, nullptr, __ATOMIC_RELAXED);
  }
  TYPHON_UNPOISON(start, count * kPageSize);
  chunk->free_pages |= run_mask(first, count);
  g_pages_used -= count;
  // A few pages are kept as they are for reuse; of the others the memory goes back at once.
  if (g_dirty_pages + count <= 64 + g_pages_used / 8) {
    chunk->dirty_pages |= run_mask(first, count);
    g_dirty_pages += count;
  } else {
    platform::discard(start, count * kPageSize);
  }
  list_chunk(chunk);
  if (chunk->free_pages == kAllPages && ++g_spare_chunks > 1) {
    g_spare_chunks--;
    g_dirty_pages -= u64(__builtin_popcountll(chunk->dirty_pages));
    unlist_chunk(chunk);
    give_back_chunks(chunk->index, 1, kChunkSize);
  }
}

void link_run(HeapState* h, PageMeta* meta) {
  meta->previous = nullptr;
  meta->next = h->runs;
  if (h->runs != nullptr) h->runs->previous = meta;
  h->runs = meta;
}

void unlink_run(PageMeta* meta) {
  HeapState* h = meta->owner;
  (meta->previous != nullptr ? meta->previous->next : h->runs) = meta->next;
  if (meta->next != nullptr) meta->next->previous = meta->previous;
}

// --- growth

void add_growth(Thread& t, i64 bytes) {
  i64 now = __atomic_add_fetch(&g_growth, bytes, __ATOMIC_RELAXED);
  if (now > __atomic_load_n(&g_growth_limit, __ATOMIC_RELAXED)) request_poll(t);
}
// Never below zero: pages that go back after a collection, when other threads find what it has freed of theirs, are no credit for
// more garbage.
void subtract_growth(i64 bytes) {
  i64 now = __atomic_load_n(&g_growth, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(&g_growth, &now, now > bytes ? now - bytes : 0, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

void note_fresh(Thread& t, u64 bytes) {
  t.allocated_bytes += bytes;
  if (t.allocated_bytes >= kGrowthStep) [[unlikely]] {
    add_growth(t, i64(t.allocated_bytes));
    t.allocated_bytes = 0;
    if (young_due(*t.heap_state)) request_poll(t);
  }
}

// --- blocks

void push_remote(HeapState* h, void* block) {
  void* head = __atomic_load_n(&h->remote, __ATOMIC_RELAXED);
  do {
    // Released: who finds the link where a state was finds the shape gone as well (state_unless_freed).
    __atomic_store_n(&link_of(block), head, __ATOMIC_RELEASE);
  } while (!__atomic_compare_exchange_n(&h->remote, &head, block, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

// A page's owner may change (thread exit, adoption) between this look and the push: whoever empties the stack passes the
// block on to the owner of that time.
void free_remote(void* block) {
  TYPHON_COUNT(kRemoteFree);
  push_remote(__atomic_load_n(&meta_of(block)->owner, __ATOMIC_ACQUIRE), block);
}

// Blocks of the page become young objects from now on.
void touch(HeapState* h, PageMeta* meta) {
  if (meta->touched) return;
  meta->touched = 1;
  h->touched_bytes += kPageSize;
}

// Puts memory behind the page up to `end` bytes: several of the system's pages at once cost less than a fault for each. Of a class that
// has used little so far only what is needed, or a small program would pay for every class.
TYPHON_NOINLINE void provide(PageMeta* meta, u32 end) {
  u32 from = meta->resident;
  bool ahead = from >= kAhead || meta->next != nullptr;
  u32 to = u32(align_up(end, ahead ? size_t(kAhead) : platform::page_size()));
  if (to > kPageSize) to = u32(kPageSize);
  if (ahead && from < to) platform::populate(page_start(meta) + from, to - from);
  meta->resident = to;
}

void* carve(Thread& t, PageMeta* meta) {
  u32 begin = meta->bump++ * meta->block_size;
  if (begin + meta->block_size > meta->resident) provide(meta, begin + meta->block_size);
  touch(t.heap_state, meta);
  t.heap_state->young_bytes += meta->block_size;
  note_fresh(t, meta->block_size);
  return page_start(meta) + begin;
}

// Blocks freed into abandoned pages: to their page, or on to whoever adopted it meanwhile. `adopted` is being adopted. Under the lock.
void distribute_orphaned(PageMeta* adopted) {
  void* orphaned = __atomic_exchange_n(&g_orphans.remote, nullptr, __ATOMIC_ACQUIRE);
  while (orphaned != nullptr) {
    void* next = link_of(orphaned);
    PageMeta* page = meta_of(orphaned);
    if (page->owner == &g_orphans || page == adopted) {
      link_of(orphaned) = page->free;
      page->free = orphaned;
      page->free_count++;
    } else {
      push_remote(page->owner, orphaned);
    }
    orphaned = next;
  }
}

// Takes an abandoned page of the class over, with its free blocks.
PageMeta* adopt_page(Thread& t, u32 c) {
  HeapState* h = t.heap_state;
  PageMeta* meta;
  {
    platform::RawLockGuard guard(g_pages_lock);
    meta = g_abandoned[c];
    if (meta == nullptr) return nullptr;
    g_abandoned[c] = meta->next;
    __atomic_store_n(&g_abandoned_count[c], g_abandoned_count[c] - 1, __ATOMIC_RELAXED);
    __atomic_store_n(&meta->owner, h, __ATOMIC_RELEASE);
    distribute_orphaned(meta);
  }
  meta->next = h->pages[c];
  h->pages[c] = meta;
  meta->touched = 0;
  meta->next_partial = h->partial[c];
  h->partial[c] = meta;
  return meta;
}

// The free blocks of a page become the free list of the class, which is empty.
void use_partial(Thread& t, u32 c) {
  HeapState* h = t.heap_state;
  PageMeta* meta = h->partial[c];
  h->partial[c] = meta->next_partial;
  touch(h, meta);
  h->young_bytes += u64(meta->free_count) * meta->block_size;
  t.free_lists[c] = meta->free;
  meta->free = nullptr;
  meta->free_count = 0;
  if (young_due(*h)) request_poll(t);
}

PageMeta* fresh_page(Thread& t, u32 c) {
  u64 dirty;
  PageMeta* meta;
  {
    platform::RawLockGuard guard(g_pages_lock);
    meta = take_pages(1, &dirty);
    if (meta == nullptr) return nullptr;
    __atomic_store_n(&meta->owner, t.heap_state, __ATOMIC_RELEASE);
    meta->size_class = u8(c);
    meta->block_size = kClasses.size[c];
    meta->capacity = kClasses.capacity[c];
    meta->bump = 0;
    meta->free_count = 0;
    meta->touched = 0;
    meta->free = nullptr;
    meta->marks = nullptr;
    meta->kind = PageKind::kSmall;
    meta->resident = dirty ? u32(kPageSize) : 0;
  }
  forget_if_due();
  if (dirty) memset(page_start(meta), 0, kPageSize);
  HeapState* h = t.heap_state;
  meta->next = h->pages[c];
  h->pages[c] = meta;
  return meta;
}

void* pop_free(Thread& t, u32 c) {
  void* block = t.free_lists[c];
  t.free_lists[c] = link_of(block);
  TYPHON_UNPOISON(block, kClasses.size[c]);
  return block;
}

// The free list of the class is empty. Returns a block whose bytes from 16 on are zero; null without memory.
TYPHON_NOINLINE void* take_block_slow(Thread& t, u32 c) {
  HeapState* h = t.heap_state;
  if (__atomic_load_n(&h->remote, __ATOMIC_RELAXED) != nullptr) collect_remote_frees(t);
  for (;;) {
    if (t.free_lists[c] != nullptr) {
      void* block = pop_free(t, c);
      memset(static_cast<char*>(block) + 16, 0, kClasses.size[c] - 16);
      return block;
    }
    if (h->partial[c] != nullptr) {
      use_partial(t, c);
      continue;
    }
    PageMeta* meta = h->current[c];
    if (meta != nullptr && meta->bump < meta->capacity) return carve(t, meta);
    meta = nullptr;
    if (__atomic_load_n(&g_abandoned_count[c], __ATOMIC_RELAXED) != 0) meta = adopt_page(t, c);
    if (meta == nullptr) meta = fresh_page(t, c);
    if (meta == nullptr) return nullptr;
    h->current[c] = meta;
  }
}

// Zeroes bytes 16..size; size is a multiple of 16. Calling memset would cost more than the whole allocation.
TYPHON_INLINE void clear_tail(void* block, u32 size) {
  using Words = u64 __attribute__((vector_size(16)));
  char* at = static_cast<char*>(block) + 16;
  char* end = static_cast<char*>(block) + size;
  while (at < end) {
    *reinterpret_cast<Words*>(at) = Words{};
    at += 16;
    __asm__ volatile("" : "+r"(at));  // or the compiler finds that this is memset
  }
}

// Bytes from `cleared` on need not be zero.
void* take_run(Thread& t, size_t size, size_t cleared) {
  u32 count = u32((size + kPageSize - 1) / kPageSize);
  u64 dirty;
  PageMeta* meta;
  {
    platform::RawLockGuard guard(g_pages_lock);
    meta = take_pages(count, &dirty);
    if (meta == nullptr) return nullptr;
    u32 first = page_index(page_start(meta));
    for (u32 i = 1; i < count; i++) {
      meta[i].kind = PageKind::kMediumTail;
      meta[i].head = u16(first);
    }
    __atomic_store_n(&meta->owner, t.heap_state, __ATOMIC_RELEASE);
    meta->kind = PageKind::kMedium;
    meta->capacity = meta->bump = 1;
    meta->run_bytes = u64(count) * kPageSize;
    meta->counted = u32(size);
    link_run(t.heap_state, meta);
  }
  forget_if_due();
  char* start = page_start(meta);
  meta->excess = 0;
  for (u32 i = 0; i < count; i++) {
    char* page = start + i * kPageSize;
    size_t needed = i + 1 < count ? kPageSize : align_up(size - i * kPageSize, platform::page_size());
    if (!((dirty >> i) & 1)) {
      // The contents of a file, a table: what is not very large is filled soon.
      if (needed > kAhead && size <= kMostAhead) platform::populate(page, needed);
      meta[i].resident = u32(needed);
      continue;
    }
    if (i * kPageSize < cleared) memset(page, 0, needed < cleared - i * kPageSize ? needed : cleared - i * kPageSize);
    if (needed >= meta[i].resident) {
      meta[i].resident = u32(needed);
      continue;
    }
    u32 excess = meta[i].resident - u32(needed);
    if (__atomic_load_n(&g_excess, __ATOMIC_RELAXED) + excess > kMaxExcess) {
      platform::discard(page + needed, kPageSize - needed);
      meta[i].resident = u32(needed);
    } else {
      meta->excess = excess;
      __atomic_fetch_add(&g_excess, excess, __ATOMIC_RELAXED);
    }
  }
  note_fresh(t, size);
  return start;
}

void* take_huge(Thread& t, size_t size) {
  if (size > g_space.size / 2) return nullptr;
  size_t bytes = align_up(size + kPageSize, platform::page_size());
  u32 count = u32((bytes + kChunkSize - 1) / kChunkSize);
  ChunkHeader* chunk;
  {
    platform::RawLockGuard guard(g_pages_lock);
    u32 index = find_chunks(count);
    if (index == g_space.chunk_count) return nullptr;
    chunk = chunk_at(index);
    if (!platform::commit(chunk, bytes, true)) {
      platform::decommit(chunk, bytes);
      return nullptr;
    }
    g_bytes_mapped += bytes;
    chunk->index = index;
    PageMeta* meta = &chunk->pages[1];
    __atomic_store_n(&meta->owner, t.heap_state, __ATOMIC_RELEASE);
    meta->kind = PageKind::kHuge;
    meta->capacity = meta->bump = 1;
    meta->run_bytes = bytes - kPageSize;
    link_run(t.heap_state, meta);
    mark_chunks(index, count, kChunkHugeHead);
  }
  note_fresh(t, bytes - kPageSize);
  return page_start(&chunk->pages[1]);
}

void free_run(Thread& t, PageMeta* meta) {
  i64 bytes = meta->kind == PageKind::kMedium ? i64(meta->counted) : i64(meta->run_bytes);
  {
    platform::RawLockGuard guard(g_pages_lock);
    unlink_run(meta);
    if (meta->kind == PageKind::kMedium) {
      __atomic_fetch_sub(&g_excess, meta->excess, __ATOMIC_RELAXED);
      give_back_pages(meta, u32(meta->run_bytes / kPageSize));
    } else {
      u32 first = chunk_index(meta);
      size_t mapped = meta->run_bytes + kPageSize;
      give_back_chunks(first, u32((mapped + kChunkSize - 1) / kChunkSize), mapped);
    }
  }
  subtract_growth(bytes);
}

// Uninitialised header; from there to `cleared` zero. Null without memory.
TYPHON_NOINLINE void* take(Thread& t, size_t size, size_t cleared = ~size_t(0)) {
  if (size > kMaxSmall) return size <= kMaxMedium ? take_run(t, size, cleared) : take_huge(t, size);
  u32 c = class_of(size);
  if (t.free_lists[c] == nullptr) return take_block_slow(t, c);
  void* block = pop_free(t, c);
  memset(static_cast<char*>(block) + 16, 0, (cleared < kClasses.size[c] ? cleared : kClasses.size[c]) - 16);
  return block;
}

// The common case, without a call: a block of up to 256 bytes from the free list, or of 512 that need not all be cleared. Null when
// there is none. Bytes from `cleared` on need not be zero.
inline constexpr size_t kClearHere = 256;
TYPHON_INLINE void* take_fast(Thread& t, size_t size, size_t cleared = kClearHere) {
  if (size > (cleared < kClearHere ? 512 : kClearHere)) [[unlikely]]
    return nullptr;
  u32 bytes = u32(size + 15) & ~15u;
  u32 c = bytes / 16 - 1;
  void* block = t.free_lists[c];
  if (block == nullptr) [[unlikely]]
    return nullptr;
  t.free_lists[c] = link_of(block);
  TYPHON_UNPOISON(block, bytes);
  clear_tail(block, cleared < bytes ? u32(cleared) : bytes);
  return block;
}

TYPHON_INLINE Object* set_header(Thread& t, void* block, u32 shape, bool tracked) {
  auto* object = static_cast<Object*>(block);
  // Two stores instead of six. The first word last: a block with a shape is alive.
  u64 flags = u64(state::kLocal) << 8 | (tracked ? u64(state::kTracked) << 8 : 0);
  if (kChecking) flags |= u64(t.id) << 16;
  u64* words = reinterpret_cast<u64*>(block);
  words[1] = flags;
  __atomic_store_n(&words[0], shape | u64(count::kOne) << 32, __ATOMIC_RELAXED);
  return object;
}

[[noreturn]] TYPHON_COLD void out_of_memory(size_t size) {
  std::fprintf(stderr, "typhon: fatal: out of memory (allocating %zu bytes)\n", size);
  std::abort();
}

}  // namespace

void initialise() {
  if (g_space.base != 0) return;
#if defined(TYPHON_TSAN_BUILD)
  size_t size = size_t(64) << 30;
#else
  size_t size = size_t(1) << 40;
#endif
  void* base = nullptr;
  while (size >= (size_t(64) << 20) && (base = platform::reserve(size, kChunkSize)) == nullptr) size /= 4;
  u32 chunk_count = u32(size / kChunkSize);
  void* table = base == nullptr ? nullptr : platform::reserve(align_up(chunk_count * 4, 1 << 16), 1 << 16);
  if (table == nullptr || !platform::commit(table, align_up(chunk_count * 4, 1 << 16), false)) {
    std::fprintf(stderr, "typhon: fatal: cannot reserve address space for the heap\n");
    std::abort();
  }
  g_space = {u64(base), size, static_cast<u32*>(table), chunk_count, 0};
}

TYPHON_NOINLINE static Object* allocate_slow(Thread& t, u32 shape, size_t size, bool tracked) {
  void* block = take(t, size);
  if (block == nullptr) [[unlikely]]
    out_of_memory(size);
  return set_header(t, block, shape, tracked);
}

TYPHON_NOINLINE static Object* try_allocate_slow(Thread& t, u32 shape, size_t size, bool tracked,
                                                 size_t cleared = ~size_t(0)) {
  void* block = take(t, size, cleared);
  if (block == nullptr) [[unlikely]] {
    g_raise_memory_error(t);
    return nullptr;
  }
  return set_header(t, block, shape, tracked);
}

// The slow calls are tail calls, so that the fast path saves no registers.
Object* allocate(Thread& t, u32 shape, size_t size, bool tracked) {
  void* block = take_fast(t, size);
  if (block == nullptr) [[unlikely]]
    return allocate_slow(t, shape, size, tracked);
  return set_header(t, block, shape, tracked);
}

Object* try_allocate(Thread& t, u32 shape, size_t size, bool tracked) {
  void* block = take_fast(t, size);
  if (block == nullptr) [[unlikely]]
    return try_allocate_slow(t, shape, size, tracked);
  return set_header(t, block, shape, tracked);
}

Object* try_allocate_unfilled(Thread& t, u32 shape, size_t size, size_t head, bool tracked) {
  void* block = take_fast(t, size, head);
  if (block == nullptr) [[unlikely]]
    return try_allocate_slow(t, shape, size, tracked, head);
  return set_header(t, block, shape, tracked);
}

// A run, a remote block, the first block of a page that nothing young was in, or the thousandth block since the last scavenge.
TYPHON_NOINLINE static void free_block_slow(Thread& t, void* block) {
  PageMeta* meta = meta_of(block);
  if (meta->kind != PageKind::kSmall) return free_run(t, meta);
  if (__atomic_load_n(&meta->owner, __ATOMIC_RELAXED) != t.heap_state) return free_remote(block);
  link_of(block) = t.free_lists[meta->size_class];
  t.free_lists[meta->size_class] = block;
  if (meta->touched) {
    scavenge(t);
  } else {
    touch(t.heap_state, meta);
  }
}

// Whether it is a block of a page of this thread that more has happened in.
TYPHON_INLINE bool is_usual(const HeapState* h, const PageMeta* meta) {
  u16 kind_touched;
  static_assert(offsetof(PageMeta, touched) == offsetof(PageMeta, kind) + 1);
  return __atomic_load_n(&meta->owner, __ATOMIC_RELAXED) == h &&
         (memcpy(&kind_touched, &meta->kind, 2), kind_touched == (u16(PageKind::kSmall) | 1 << 8));
}

void free_block(Thread& t, void* block) {
  DCHECK(in_space(block));
  DCHECK(block_shape(block) != 0);  // freed twice
  PageMeta* meta = meta_of(block);
  __atomic_store_n(static_cast<u32*>(block), 0, __ATOMIC_RELAXED);
  if (kChecking && meta->kind == PageKind::kSmall) memset(static_cast<char*>(block) + 16, 0xDB, meta->block_size - 16);
  HeapState* h = t.heap_state;
  if (!is_usual(h, meta) || --h->free_budget == 0) [[unlikely]] return free_block_slow(t, block);
  TYPHON_POISON(block, meta->block_size);
  u32 c = meta->size_class;
  link_of(block) = t.free_lists[c];
  t.free_lists[c] = block;
}

// Always inlined, across files, as object_model::dispose_quickly is, which calls it.
[[gnu::always_inline]] bool free_block_quickly(Thread& t, void* block) {
  PageMeta* meta = meta_of(block);
  HeapState* h = t.heap_state;
  if (!kQuickBlocks || !is_usual(h, meta) || h->free_budget <= 1) [[unlikely]] return false;
  h->free_budget--;
  __atomic_store_n(static_cast<u32*>(block), 0, __ATOMIC_RELAXED);
  u32 c = meta->size_class;
  link_of(block) = t.free_lists[c];
  t.free_lists[c] = block;
  return true;
}

size_t block_size(const void* block) {
  const PageMeta* meta = meta_of(block);
  return meta->kind == PageKind::kSmall ? meta->block_size : size_t(meta->run_bytes);
}

// --- bodies

Body* allocate_body(Thread& t, Object* owner, size_t size, size_t cleared) {
  void* block = take_fast(t, size, cleared);
  auto* body = static_cast<Body*>(block != nullptr ? block : take(t, size, cleared));
  if (body == nullptr) [[unlikely]] {
    g_raise_memory_error(t);
    return nullptr;
  }
  body->flags = 0;
  body->owner = owner;
  __atomic_store_n(&body->shape, kBodyShape, __ATOMIC_RELAXED);
  return body;
}

void retire_body(Thread& t, Object* owner, Body* body) {
  if (body == nullptr) return;
  if (!g_multi_threaded || owner->is_local()) {
    free_block(t, body);
    return;
  }
  size_t size = block_size(body);
  body->owner = kRetired;  // the real owner may die first
  note_retired(t, body, size);
}

// --- look-up and enumeration

TYPHON_NO_SANITIZE void* find_block(const void* address) {
  u64 offset = u64(address) - g_space.base;
  if (offset >= g_space.size) return nullptr;
  u32 index = u32(offset / kChunkSize);
  if (index >= g_space.high_water) return nullptr;
  u32 entry = g_space.chunks[index];
  ChunkHeader* chunk = chunk_at(index);
  PageMeta* meta;
  switch (entry & 3) {
    case kChunkUnused: return nullptr;
    case kChunkHugeTail: chunk = chunk_at(entry >> 2); [[fallthrough]];
    case kChunkHugeHead: {
      meta = &chunk->pages[1];
      char* start = page_start(meta);
      if (static_cast<const char*>(address) < start) return nullptr;
      return block_shape(start) != 0 ? start : nullptr;
    }
    default: break;
  }
  meta = &chunk->pages[page_index(address)];
  if (meta->kind == PageKind::kMediumTail) meta = &chunk->pages[meta->head];
  char* start = page_start(meta);
  if (meta->kind == PageKind::kMedium) return block_shape(start) != 0 ? start : nullptr;
  if (meta->kind != PageKind::kSmall || meta == &chunk->pages[0]) return nullptr;
  u32 i = block_index(meta, address);
  if (i >= meta->bump) return nullptr;
  void* block = start + size_t(i) * meta->block_size;
  return block_shape(block) != 0 ? block : nullptr;
}

void for_each_object(void (*f)(Object* object, void* context), void* context) {
  for_each_page([&](PageMeta* meta) {
    for_each_block(meta, [&](void* block) {
      if (block_shape(block) != kBodyShape) f(static_cast<Object*>(block), context);
    });
  });
}

void for_each_object_of(Thread& t, void (*f)(Object* object, void* context), void* context) {
  auto visit_page = [&](PageMeta* meta) {
    for_each_block(meta, [&](void* block) {
      if (block_shape(block) != kBodyShape) f(static_cast<Object*>(block), context);
    });
  };
  HeapState* h = t.heap_state;
  for (u32 c = 0; c < kClassCount; c++) {
    for (PageMeta* meta = h->pages[c]; meta != nullptr; meta = meta->next) visit_page(meta);
  }
  platform::RawLockGuard guard(g_pages_lock);
  for (PageMeta* meta = h->runs; meta != nullptr; meta = meta->next) visit_page(meta);
}

Thread* owner_thread(const void* block) {
  HeapState* h = __atomic_load_n(&meta_of(block)->owner, __ATOMIC_ACQUIRE);
  return h == nullptr ? nullptr : h->thread;
}

Statistics statistics() {
  Statistics s{};
  s.bytes_mapped = g_bytes_mapped;
  for_each_page([&](PageMeta* meta) {
    u64 size = meta->kind == PageKind::kSmall ? meta->block_size : meta->run_bytes;
    for_each_block(meta, [&](void* block) {
      s.bytes_live += size;
      s.blocks_live++;
      if (block_shape(block) != kBodyShape && (static_cast<Object*>(block)->state & state::kTracked)) s.tracked_live++;
    });
  });
  return s;
}

i64 growth() { return __atomic_load_n(&g_growth, __ATOMIC_RELAXED); }
void reset_growth() { __atomic_store_n(&g_growth, 0, __ATOMIC_RELAXED); }

// --- returning memory

void collect_remote_frees(Thread& t) {
  HeapState* h = t.heap_state;
  void* block = __atomic_exchange_n(&h->remote, nullptr, __ATOMIC_ACQUIRE);
  while (block != nullptr) {
    void* next = link_of(block);
    PageMeta* meta = meta_of(block);
    HeapState* owner = __atomic_load_n(&meta->owner, __ATOMIC_ACQUIRE);
    if (owner == h) {
      touch(h, meta);
      link_of(block) = t.free_lists[meta->size_class];
      t.free_lists[meta->size_class] = block;
    } else {
      push_remote(owner, block);
    }
    block = next;
  }
}

void scavenge(Thread& t) {
  HeapState* h = t.heap_state;
  collect_remote_frees(t);
  u64 seen = 0;
  i64 returned = 0;
  for (u32 c = 0; c < kClassCount; c++) {
    if (t.free_lists[c] == nullptr) continue;
    for (void* b = t.free_lists[c]; b != nullptr; seen++) {
      void* next = link_of(b);
      PageMeta* meta = meta_of(b);
      link_of(b) = meta->free;
      meta->free = b;
      meta->free_count++;
      b = next;
    }
    t.free_lists[c] = nullptr;
    PageMeta *empty = nullptr, *partial = nullptr;
    for (PageMeta** at = &h->pages[c]; *at != nullptr;) {
      PageMeta* meta = *at;
      if (meta->free_count != meta->bump || meta->bump == 0) {
        if (meta->free != nullptr) {
          meta->next_partial = partial;
          partial = meta;
        }
        at = &meta->next;
        continue;
      }
      *at = meta->next;
      meta->next = empty;
      empty = meta;
      if (h->current[c] == meta) h->current[c] = nullptr;
    }
    h->partial[c] = partial;
    if (empty == nullptr) continue;
    platform::RawLockGuard guard(g_pages_lock);
    while (empty != nullptr) {
      PageMeta* next = empty->next;
      returned += i64(empty->bump) * empty->block_size;
      give_back_pages(empty, 1);
      empty = next;
    }
  }
  u64 budget = seen * 2 < kFirstBudget ? kFirstBudget : seen * 2;
  h->free_budget = u32(budget > 0x7fffffff ? 0x7fffffff : budget);
  subtract_growth(returned);
}

void scavenge_abandoned() {
  i64 returned = 0;
  {
    platform::RawLockGuard guard(g_pages_lock);
    distribute_orphaned(nullptr);
    for (u32 c = 0; c < kClassCount; c++) {
      for (PageMeta** at = &g_abandoned[c]; *at != nullptr;) {
        PageMeta* meta = *at;
        if (meta->free_count != meta->bump) {
          at = &meta->next;
          continue;
        }
        *at = meta->next;
        __atomic_store_n(&g_abandoned_count[c], g_abandoned_count[c] - 1, __ATOMIC_RELAXED);
        returned += i64(meta->bump) * meta->block_size;
        give_back_pages(meta, 1);
      }
    }
  }
  subtract_growth(returned);
}

void reset_young(Thread& t) {
  HeapState* h = t.heap_state;
  for (u32 c = 0; c < kClassCount; c++) {
    for (PageMeta* meta = h->pages[c]; meta != nullptr; meta = meta->next) meta->touched = 0;
  }
  h->young_bytes = h->touched_bytes = 0;
}

// --- threads

void attach_heap(Thread& t) {
  HeapState* h;
  {
    platform::RawLockGuard guard(g_pages_lock);
    h = g_unused_states;
    if (h != nullptr) g_unused_states = h->next_unused;
  }
  if (h == nullptr) h = new HeapState;
  h->free_budget = kFirstBudget;
  h->thread = &t;
  t.heap_state = h;
  t.allocated_bytes = 0;
  add_growth(t, 0);
}

void detach_heap(Thread& t) {
  HeapState* h = t.heap_state;
  add_growth(t, i64(t.allocated_bytes));  // many short threads grow the heap as one long one does
  scavenge(t);  // after it all free blocks are with their pages
  for (u32 c = 0; c < kClassCount; c++) h->current[c] = h->partial[c] = nullptr;
  h->young_bytes = h->touched_bytes = 0;
  h->young_limit = kMinYoung;
  platform::RawLockGuard guard(g_pages_lock);
  for (u32 c = 0; c < kClassCount; c++) {
    while (h->pages[c] != nullptr) {
      PageMeta* meta = h->pages[c];
      h->pages[c] = meta->next;
      __atomic_store_n(&meta->owner, &g_orphans, __ATOMIC_RELAXED);
      meta->next = g_abandoned[c];
      g_abandoned[c] = meta;
      __atomic_store_n(&g_abandoned_count[c], g_abandoned_count[c] + 1, __ATOMIC_RELAXED);
    }
  }
  while (h->runs != nullptr) {
    PageMeta* meta = h->runs;
    unlink_run(meta);
    __atomic_store_n(&meta->owner, &g_orphans, __ATOMIC_RELAXED);
    link_run(&g_orphans, meta);
  }
  // Blocks that somebody pushes to h->remote from now on wait there for the next user of the state.
  h->thread = nullptr;
  h->next_unused = g_unused_states;
  g_unused_states = h;
  t.heap_state = nullptr;
}

TYPHON_NOINLINE void forget_code_as_heap_grows() {
  platform::RawLockGuard guard(g_pages_lock);
  g_forget_at = g_pages_used + g_pages_used / kForgetGrowth;
}

void reset_locks_after_fork() { g_pages_lock.reset_after_fork(); }

}  // namespace typhon::heap
