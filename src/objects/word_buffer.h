// WordBuffer: a few owned references gathered in a row. The first ones lie on the native stack, which the scanners read (R16);
// more than that, and all of them move to a RootedVector.
#pragma once
#include <optional>

#include "heap/field.h"

namespace typhon {

// Vectors of the same thread must end in reverse order of their beginning: between the first push and the last no other
// RootedVector may be made that outlives the push.
class WordBuffer {
 public:
  explicit WordBuffer(Thread& t) : thread_(t) {}
  ~WordBuffer() {
    for (size_t i = 0; i < size_; i++) release(few_[i]);
  }
  WordBuffer(const WordBuffer&) = delete;
  WordBuffer& operator=(const WordBuffer&) = delete;
  size_t size() const { return many_ ? many_->size() : size_; }
  const Value* data() const { return many_ ? many_->data() : few_; }
  TYPHON_INLINE void push(Ref&& owned) {
    if (size_ < kFew && !many_) [[likely]]
      few_[size_++] = owned.take();
    else
      push_many(std::move(owned));
  }

 private:
  static constexpr size_t kFew = 16;
  TYPHON_NOINLINE void push_many(Ref&& owned) {
    if (!many_) {
      many_.emplace(thread_);
      for (size_t i = 0; i < size_; i++) many_->push(Ref::adopt(few_[i]));
      size_ = 0;
    }
    many_->push(std::move(owned));
  }
  Thread& thread_;
  size_t size_ = 0;
  Value few_[kFew];
  std::optional<RootedVector> many_;
};

}  // namespace typhon
