// The parts of the checking build that are not asserts.
#include "heap/checking.h"

#ifdef TYPHON_CHECKING
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <unordered_set>

#include "heap/object_model.h"
#include "heap/pages.h"
#include "threads/thread.h"

namespace typhon::checking {

static u64 number_in(const char* variable) {
  const char* text = getenv(variable);
  return text == nullptr ? 0 : strtoull(text + (*text == 'R'), nullptr, 10);
}

const u64 g_yield_seed = number_in("TYPHON_YIELD_SEED");
const u32 g_broken_rule = u32(number_in("TYPHON_BREAK"));

static thread_local u64 tls_random = 0;

void begin_thread(u64 number) { tls_random = (number + 1) * 0x9e3779b97f4a7c15 ^ g_yield_seed * 0xbf58476d1ce4e5b9; }

void yield_slow() {
  // xorshift64*
  u64 x = tls_random == 0 ? g_yield_seed : tls_random;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  tls_random = x;
  u32 dice = u32((x * 0x2545f4914f6cdd1d) >> 54);  // 0 to 1023
  if (dice >= 24) return;
  int saved = errno;
  if (dice == 0) {
    usleep(useconds_t(20 + (x & 63)));
  } else if (dice < 16) {
    sched_yield();
  } else if (Thread* t = Thread::current_or_null()) {
    request_poll(*t);
  }
  errno = saved;
}

// --- the invariant

namespace {

const pid_t g_first_process = getpid();

struct InvariantVisitor : Visitor {
  Object* owner = nullptr;
  InvariantVisitor() {
    visit = [](Visitor& self, Field& slot) {
      Value word = *slot.address();
      if ((word.bits & 7) || word.is_empty() || !heap::in_space(word.object()) || !word.object()->is_local()) return;
      Object* owner = static_cast<InvariantVisitor&>(self).owner;
      fprintf(stderr, "typhon: a shared object (%p, shape %u) refers to a local one (%p, shape %u)\n", static_cast<void*>(owner),
              u32(owner->shape), static_cast<void*>(word.object()), u32(word.object()->shape));
      CHECK(!"a shared object refers to a local one");
    };
  }
};

void check_thread(const Thread& t) {
  for (Value word : {t.context, t.locals, t.async_exception, t.trace_function, t.trace_argument, t.profile_function, t.profile_argument,
                     t.asyncgen_firstiter, t.asyncgen_finalizer, t.repr_stack, t.running_loop}) {
    Value plain = word.untagged();
    if ((plain.bits & 7) || plain.is_empty() || !plain.object()->is_local()) continue;
    CHECK(plain.object()->aux == t.id);  // what a thread holds is shared or its own
  }
}

}  // namespace

void check_heap() {
  InvariantVisitor visitor;
  bool forked = getpid() != g_first_process;
  std::unordered_set<u16> alive;  // ids of threads
  for (Thread* t = first_thread(); t != nullptr; t = t->next) alive.insert(t->id);
  heap::for_each_page([&](heap::PageMeta* meta) {
    heap::for_each_block(meta, [&](void* block) {
      u32 shape = heap::block_shape(block);
      if (shape == 0 || shape == heap::kBodyShape) return;
      auto* object = static_cast<Object*>(block);
      if (object->is_local()) {
        // R17: what a thread leaves behind is nobody's LOCAL object. (A fork leaves other threads' as they are.)
        if (object->count >= count::kOne && !forked) CHECK(alive.contains(object->aux));
        return;
      }
      bool counted = object->state & state::kShared;
      if (counted && (object->count < count::kOne || (object->count & count::kQueued))) return;
      visitor.owner = object;
      object_model::visit(object, visitor);
    });
  });
  for (Thread* t = first_thread(); t != nullptr; t = t->next) check_thread(*t);
}

}  // namespace typhon::checking
#endif
