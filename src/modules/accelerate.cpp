#include "modules/accelerate.h"

#include "modules/_asyncio/base_loop.h"
#include "modules/_copy/copy.h"
#include "modules/_futures/futures.h"
#include "modules/_thread/condition.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

struct Accelerated {
  std::string_view file;  // below the library's folder
  Status (*replace)(Thread& t, Dict* globals);
};
constexpr Accelerated kAccelerated[] = {
    {"/threading.py", accelerate_threading},
    {"/queue.py", accelerate_queue},
    {"/copy.py", copying::accelerate_copy},
    {"/selectors.py", asyncio::accelerate_selectors},
    {"/asyncio/events.py", asyncio::accelerate_events},
    {"/asyncio/base_events.py", asyncio::accelerate_base_events},
    {"/asyncio/selector_events.py", asyncio::accelerate_selector_events},
    {"/concurrent/futures/_base.py", futures::accelerate_base},
    {"/concurrent/futures/thread.py", futures::accelerate_thread_pool},
};

}  // namespace

Status accelerate_module(Thread& t, Code* code, Dict* globals) {
  Utf8Buffer buffer, name_buffer;
  if (str_utf8(code->name.as<Str>(), name_buffer) != "<module>") return ok();
  std::string_view file = str_utf8(code->filename.as<Str>(), buffer), folder = g_stdlib_dir;
  if (file.substr(0, folder.size()) != folder) return ok();
  file.remove_prefix(folder.size());
  for (const Accelerated& entry : kAccelerated)
    if (file == entry.file) return entry.replace(t, globals);
  return ok();
}

Ref own_attribute(Thread& t, Object* object, Str* name, u64* cache) {
  u32 id = __atomic_load_n(&object->shape, __ATOMIC_ACQUIRE);
  u64 known = __atomic_load_n(cache, __ATOMIC_RELAXED);
  if (known >> 32 == id) [[likely]] {
    Field* field = slot_field(object, shape_at(id), u32(known));
    Ref value = field == nullptr ? Ref() : field->load();
    if (!value.is_empty()) return value;
  }
  const Shape* shape = shape_at(id);
  if (!(shape->flags & shape_flag::kDictMode)) {
    int slot = find_slot(shape, name);
    if (slot >= 0) __atomic_store_n(cache, u64(id) << 32 | u32(slot), __ATOMIC_RELAXED);
  }
  return get_own_attribute(t, object, name);
}


Ref class_in(Thread& t, Dict* globals, const char* name) {
  Ref found = dict_get_str(t, globals, str_immortal(t, name));
  return is_type(found.get()) ? std::move(found) : Ref();
}

Status replace_methods(Thread& t, Value cls, const Method* methods, GlobalRoot* originals) {
  for (const Method* m = methods; m->name != nullptr; m++) {
    Ref original = TRY(get_attribute(t, cls, str_immortal(t, m->name)));
    (originals++)->set(t, std::move(original));
    TRY(type_add_method(t, cls.as<Type>(), m));
  }
  return ok();
}

Ref call_original(Thread& t, const GlobalRoot& original, Value self, Args args) {
  constexpr u32 kMost = 8;
  Value words[kMost];
  u32 n = args.count + args.keyword_count;
  if (n >= kMost) {  // only call_soon and the like take so many
    RootedVector all(t);
    all.push_copy(self);
    for (u32 i = 0; i < n; i++) all.push_copy(args.values[i]);
    return call(t, original.get(), Args{all.data(), args.count + 1, args.names, args.keyword_count});
  }
  words[0] = self;
  for (u32 i = 0; i < n; i++) words[i + 1] = args.values[i];
  return call(t, original.get(), Args{words, args.count + 1, args.names, args.keyword_count});
}

}  // namespace typhon
