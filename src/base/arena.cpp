#include "base/arena.h"

#include <cstdio>
#include <cstdlib>

namespace typhon {

void* Arena::allocate_slow(size_t size, size_t align) {
  constexpr size_t kMaxBlock = 1024 * 1024;
  // A large request gets a block of its own, so that the rest of the current block stays usable.
  bool own_block = size > next_block_size_ / 4;
  size_t payload = own_block ? size + align : next_block_size_;
  if (payload < size || payload + sizeof(Block) < payload) abort();
  auto* block = static_cast<Block*>(malloc(sizeof(Block) + payload));
  if (block == nullptr) {
    fputs("typhon: out of memory in the parser's arena\n", stderr);
    abort();
  }
  block->next = blocks_;
  block->size = payload;
  blocks_ = block;
  bytes_reserved_ += payload;
  uintptr_t begin = reinterpret_cast<uintptr_t>(block + 1);
  uintptr_t start = (begin + (align - 1)) & ~uintptr_t(align - 1);
  if (!own_block) {
    cursor_ = start + size;
    limit_ = begin + payload;
    if (next_block_size_ < kMaxBlock) next_block_size_ *= 2;
  }
  return reinterpret_cast<void*>(start);
}

void Arena::reset() {
  while (blocks_ != nullptr) {
    Block* next = blocks_->next;
    free(blocks_);
    blocks_ = next;
  }
  cursor_ = limit_ = 0;
  bytes_reserved_ = 0;
  next_block_size_ = 16 * 1024;
}

}  // namespace typhon
