// Generators and coroutines: the objects. What makes them run is interpreter/generator.cpp.
#include "objects/generator.h"

#include "objects/container_util.h"
#include "objects/protocol/services.h"
#include "objects/protocol/protocol.h"

namespace typhon {

namespace types {
Type *async_generator_asend, *async_generator_athrow, *async_generator_wrapped_value, *coroutine_wrapper, *anext_awaitable;
}  // namespace types

RefTo<Generator> generator_new(Thread& t, Function* function, Code* code) {
  u32 shape = code->flags & code_flag::kCoroutine        ? kShape_coroutine
              : code->flags & code_flag::kAsyncGenerator ? kShape_async_generator
                                                         : kShape_generator;
  u32 words = kFrameHeader + code->register_count;
  Generator* g = heap::allocate_as<Generator>(t, shape, offsetof(Generator, words) + words * sizeof(Value));
  RefTo<Generator> ref = RefTo<Generator>::adopt(g);
  g->word_count = words;
  g->state = u8(GeneratorState::kCreated);
  g->exception.exception = None;
  if (has_own_names(function, code)) [[unlikely]] {
    g->name.init(g, function_name(function));
    g->qualname.init(g, function_qualname(function));
  }
  g->code.init(g, Value(code));
  if (shape == kShape_coroutine && t.coroutine_origin_depth > 0) {
    // sys.set_coroutine_origin_tracking_depth: where it was made.
    RefTo<List> rows = list_new(t);
    Value* r = frame::caller(t.frame);
    for (u32 i = 0; r != nullptr && i < t.coroutine_origin_depth; i++, r = frame::caller(r)) {
      Code* c = frame::code(r);
      Value line = Value::small_int(code_position(c, frame::unit_index(r)).line);
      TRY(list_append(t, rows.get(), tuple_of(t, c->filename.peek(), line, c->name.peek()).release_ref()));
    }
    RefTo<Tuple> origin = TRY(list_to_tuple(t, rows.get()));
    g->origin_or_finalizer.store(g, origin.value());
  }
  return ref;
}

Ref generator_name(const Generator* g) { return g->name.is_empty() ? g->code.as<Code>()->name.load() : g->name.load(); }
Ref generator_qualname(const Generator* g) {
  return g->qualname.is_empty() ? g->code.as<Code>()->qualname.load() : g->qualname.load();
}

size_t generator_size(const Object* self) {
  return offsetof(Generator, words) + static_cast<const Generator*>(self)->word_count * sizeof(Value);
}

void generator_visit(Object* self, Visitor& v) {
  Generator* g = static_cast<Generator*>(self);
  v.field(g->name);
  v.field(g->qualname);
  v.field(g->code);
  v.field(g->origin_or_finalizer);
  u8 state = __atomic_load_n(&g->state, __ATOMIC_ACQUIRE);
  if (state >= u8(GeneratorState::kLinked) && !g->is_local()) [[unlikely]] {  // being published: chains are LOCAL
    unlink_chain(g);
    state = g->state;
  }
  // While it runs, its registers are stack; finished, they are empty.
  if (state == u8(GeneratorState::kRunning) || state == u8(GeneratorState::kFinished)) return;
  // The words of a local one may still have the marks of objects that are not counted (suspend_frame).
  auto word = [&v](Value& w) {
    if (w.is_deferred()) w = w.untagged();
    v.field(reinterpret_cast<Field&>(w));
  };
  Value* r = g->registers();
  word(g->exception.exception);
  word(frame::function_word(r));
  word(frame::frame_object(r));
  for (u32 i = 0; i < g->word_count - kFrameHeader; i++) word(r[i]);
}

namespace {
void warn_never_awaited(Thread& t, Generator* g) {
  const char* where = "while finalizing coroutine";
  // The library's function adds where the coroutine was made, if that is known.
  Ref module = import_module(t, "warnings");
  Ref function = module.failed() ? Ref::error() : get_attribute_utf8(t, module, "_warn_unawaited_coroutine");
  bool warned = false;
  if (function.failed()) {
    clear_exception(t);
  } else {
    Ref done = call_with(t, function, Value(g));
    warned = !done.failed() || pending_matches(t, exc::RuntimeWarning);
    if (done.failed()) write_unraisable(t, where, Value(g));
  }
  if (!warned && warn(t, exc::RuntimeWarning, 1, "coroutine '%U' was never awaited", generator_qualname(g).as<Str>()).failed())
    write_unraisable(t, where, Value(g));
}
}  // namespace

// One that has ended: its registers are empty.
bool generator_dispose(Thread&, Object* self) {
  Generator* g = static_cast<Generator*>(self);
  if (g->seen_state() != u8(GeneratorState::kFinished)) {
    settle_chain(g);
    return false;
  }
  for (Field* field : {&g->name, &g->qualname, &g->code, &g->origin_or_finalizer}) drop_field(*field);
  return true;
}

void generator_finalise(Thread& t, Object* self) {
  Generator* g = static_cast<Generator*>(self);
  settle_chain(g);
  if (g->seen_state() == u8(GeneratorState::kFinished)) return;
  bool async = is_async_generator(Value(g));
  if (async && !g->ag_closed && !g->origin_or_finalizer.is_empty()) {
    // The event loop closes it; that brings it back to life.
    Ref finalizer = g->origin_or_finalizer.load();
    if (call_with(t, finalizer.get(), Value(g)).failed()) write_unraisable(t, "while closing generator", Value(g));
    return;
  }
  if (is_coroutine(Value(g)) && g->state == u8(GeneratorState::kCreated)) warn_never_awaited(t, g);
  if (generator_close(t, g).failed()) write_unraisable(t, "while closing generator", Value(g));
  // One that yields while being closed is not asked again.
  if (g->state == u8(GeneratorState::kSuspended)) generator_discard(t, g);
}

Ref exception_from_throw(Thread& t, Value type, Value value, Value traceback) {
  if (!traceback.is_empty() && !traceback.is_none() && !is_traceback(traceback))
    return raise(t, exc::TypeError, "throw() third argument must be a traceback object");
  bool given = !value.is_empty() && !value.is_none();
  Ref exception;
  if (is_type(type) && is_subtype(type.as<Type>(), exc::BaseException)) {
    if (!given) {
      exception = call(t, type);
    } else if (is_instance_of(value, type.as<Type>())) {
      exception = Ref::copy(value);
    } else if (is_tuple(value)) {
      exception = call_tuple_dict(t, type, value, EMPTY);
    } else {
      exception = call_with(t, type, value);
    }
    // What goes wrong here is thrown into the generator.
    if (!exception.failed() && !is_instance_of(exception.get(), exc::BaseException))
      exception = raise(t, exc::TypeError, "calling %R should have returned an instance of BaseException, not %T", type, exception.get());
    if (exception.failed()) exception = take_exception(t);
  } else if (is_instance_of(type, exc::BaseException)) {
    if (given) return raise(t, exc::TypeError, "instance exception may not have a separate value");
    exception = Ref::copy(type);
  } else {
    return raise(t, exc::TypeError, "exceptions must be classes or instances deriving from BaseException, not %T", type);
  }
  if (is_traceback(traceback)) {
    BaseException* e = exception.as<BaseException>();
    e->traceback.store(e, traceback);
  }
  return exception;
}

namespace {

Generator* self_generator(Value self) { return self.as<Generator>(); }
// With the state that it shows.
Generator* settled_generator(Value self) {
  settle_chain(self.as<Generator>());
  return self.as<Generator>();
}

// The outcome as Python code sees it: the end is a StopIteration.
Ref to_python(Thread& t, Ref&& value, const Ref& result) {
  if (!value.is_empty()) return std::move(value);
  if (result.get().is_none()) return raise_none(t, exc::StopIteration);
  return raise_stop_iteration(t, result.get());
}

Ref generator_send_method(Thread& t, Value self, const Value* a) {
  Ref result;
  Ref value = generator_send(t, self_generator(self), a[0], &result);
  return to_python(t, std::move(value), result);
}

Status check_throw_arguments(Thread& t, const Value* a) {
  if (a[1].is_empty() && a[2].is_empty()) return ok();
  return warn(t, exc::DeprecationWarning, 1,
              "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.");
}
Ref generator_throw_method(Thread& t, Value self, const Value* a) {
  TRY(check_throw_arguments(t, a));
  Ref exception = TRY(exception_from_throw(t, a[0], a[1], a[2]));
  Ref result;
  Ref value = generator_throw(t, self_generator(self), exception.get(), &result);
  return to_python(t, std::move(value), result);
}
Ref generator_close_method(Thread& t, Value self, const Value*) {
  return generator_close(t, self_generator(self));
}
Ref generic_alias(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }

Ref get_frame(Thread& t, Value self) {
  Generator* g = settled_generator(self);
  if (g->seen_state() == u8(GeneratorState::kFinished)) return Ref::none();
  return frame_object_of(t, g->registers());
}
Ref get_running(Thread&, Value self) { return Ref::boolean(settled_generator(self)->seen_state() == u8(GeneratorState::kRunning)); }
Ref get_suspended(Thread&, Value self) { return Ref::boolean(settled_generator(self)->seen_state() == u8(GeneratorState::kSuspended)); }
Ref get_delegate(Thread&, Value self) {
  Ref v = generator_delegate(self_generator(self));
  return v.is_empty() ? Ref::none() : std::move(v);
}
Ref get_code(Thread&, Value self) { return self_generator(self)->code.load(); }
Ref get_name(Thread&, Value self) { return generator_name(self_generator(self)); }
Status set_name(Thread& t, Value self, Value value) {
  if (!is_str(value)) return raise(t, exc::TypeError, "__name__ must be set to a string object");
  self_generator(self)->name.store(self.object(), value);
  return ok();
}
Ref get_qualname(Thread&, Value self) { return generator_qualname(self_generator(self)); }
Status set_qualname(Thread& t, Value self, Value value) {
  if (!is_str(value)) return raise(t, exc::TypeError, "__qualname__ must be set to a string object");
  self_generator(self)->qualname.store(self.object(), value);
  return ok();
}
Ref get_origin(Thread&, Value self) {
  Ref v = self_generator(self)->origin_or_finalizer.load();
  return v.is_empty() ? Ref::none() : std::move(v);
}

const GetSet kGeneratorGetsets[] = {
    {"__name__", get_name, set_name, "name of the generator"},
    {"__qualname__", get_qualname, set_qualname, "qualified name of the generator"},
    {"gi_yieldfrom", get_delegate, nullptr, "object being iterated by yield from, or None"},
    {"gi_running", get_running},
    {"gi_suspended", get_suspended},
    {"gi_frame", get_frame},
    {"gi_code", get_code},
    {},
};
const GetSet kCoroutineGetsets[] = {
    {"__name__", get_name, set_name, "name of the coroutine"},
    {"__qualname__", get_qualname, set_qualname, "qualified name of the coroutine"},
    {"cr_await", get_delegate, nullptr, "object being awaited on, or None"},
    {"cr_running", get_running},
    {"cr_suspended", get_suspended},
    {"cr_frame", get_frame},
    {"cr_code", get_code},
    {"cr_origin", get_origin},
    {},
};

const char kThrowSignature[] = "($self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)";
#define TYPHON_GENERATOR_DOCS(prefix, what)                                                                               \
  const char k##prefix##SendDoc[] =                                                                                      \
      "send(value) -> send 'value' into " what ",\nreturn next yielded value or raise StopIteration.";                   \
  const char k##prefix##ThrowDoc[] =                                                                                     \
      "throw(value)\nthrow(type[,value[,tb]])\n\nRaise exception in " what                                               \
      ", return next yielded value or raise\nStopIteration.\nthe (type, val, tb) signature is deprecated, \nand may be "  \
      "removed in a future version of Python.";                                                                          \
  const char k##prefix##CloseDoc[] = "close() -> raise GeneratorExit inside " what ".";
TYPHON_GENERATOR_DOCS(Generator, "generator")
TYPHON_GENERATOR_DOCS(Coroutine, "coroutine")
#undef TYPHON_GENERATOR_DOCS

const Method kGeneratorMethods[] = {
    method("send", generator_send_method, "($self, value, /)", kGeneratorSendDoc),
    method("throw", generator_throw_method, kThrowSignature, kGeneratorThrowDoc),
    method("close", generator_close_method, "($self, /)", kGeneratorCloseDoc),
    class_method("__class_getitem__", generic_alias, "($type, object, /)", "See PEP 585"),
    {},
};
const Method kCoroutineMethods[] = {
    method("send", generator_send_method, "($self, value, /)", kCoroutineSendDoc),
    method("throw", generator_throw_method, kThrowSignature, kCoroutineThrowDoc),
    method("close", generator_close_method, "($self, /)", kCoroutineCloseDoc),
    class_method("__class_getitem__", generic_alias, "($type, object, /)", "See PEP 585"),
    {},
};

Ref named_repr(Thread& t, Value self) {
  return str_format(t, "<%T object %U at 0x%x>", self, generator_qualname(self_generator(self)).as<Str>(), u64(self.object()));
}

constexpr Slots generator_slots() {
  Slots s;
  s.repr = named_repr;
  s.iter = iter_self;
  s.next = generator_next;
  return s;
}

// --- what coroutine.__await__() gives
struct CoroutineWrapper : Object {
  Field coroutine;
};
void wrapper_visit(Object* self, Visitor& v) { v.field(static_cast<CoroutineWrapper*>(self)->coroutine); }
Value wrapped(Value self) { return self.as<CoroutineWrapper>()->coroutine.peek(); }

Ref coroutine_await(Thread& t, Value self) {
  Ref ref = allocate_instance(t, types::coroutine_wrapper);
  if (ref.failed()) return ref;
  CoroutineWrapper* w = ref.as<CoroutineWrapper>();
  w->coroutine.init(w, self);
  return ref;
}
Ref wrapper_next(Thread& t, Value self) { return generator_next(t, wrapped(self)); }
Ref wrapper_send(Thread& t, Value self, const Value* a) { return generator_send_method(t, wrapped(self), a); }
Ref wrapper_throw(Thread& t, Value self, const Value* a) { return generator_throw_method(t, wrapped(self), a); }
Ref wrapper_close(Thread& t, Value self, const Value* a) { return generator_close_method(t, wrapped(self), a); }
const Method kWrapperMethods[] = {
    method("send", wrapper_send, "($self, value, /)", kCoroutineSendDoc),
    method("throw", wrapper_throw, kThrowSignature, kCoroutineThrowDoc),
    method("close", wrapper_close, "($self, /)", kCoroutineCloseDoc),
    {},
};
constexpr Slots wrapper_slots() {
  Slots s;
  s.iter = iter_self;
  s.next = wrapper_next;
  return s;
}
const TypeSpec kWrapperSpec = {
    .name = "coroutine_wrapper",
    .doc = "A wrapper object implementing __await__ for coroutines.",
    .layout = {.name = "coroutine_wrapper", .basic_size = sizeof(CoroutineWrapper), .item_size = 0, .visit = wrapper_visit},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = wrapper_slots(),
    .methods = kWrapperMethods,
};

constexpr Slots coroutine_slots() {
  Slots s;
  s.repr = named_repr;
  s.await = coroutine_await;
  return s;
}

constexpr Layout generator_layout(const char* name) {
  return {.name = name,
          .basic_size = offsetof(Generator, words),
          .item_size = sizeof(Value),
          .visit = generator_visit,
          .release = nullptr,
          .native_size = generator_size,
          .finalise = generator_finalise,
          .dispose = generator_dispose};
}
constexpr u32 kGeneratorFlags = type_flag::kDisallowInstantiation | type_flag::kImmutable | type_flag::kHasWeakref;

}  // namespace

Ref get_awaitable(Thread& t, Value v, int context) {
  if (is_exact(v, kShape_coroutine)) return Ref::copy(v);
  if (is_generator(v) && (v.as<Generator>()->code.as<Code>()->flags & code_flag::kIterableCoroutine)) return Ref::copy(v);
  UnaryFn await = type_of(v)->slots.await;
  if (await == nullptr) {
    if (context == 1)
      return raise(t, exc::TypeError, "'async with' received an object from __aenter__ that does not implement __await__: %T", v);
    if (context == 2)
      return raise(t, exc::TypeError, "'async with' received an object from __aexit__ that does not implement __await__: %T", v);
    return raise(t, exc::TypeError, "'%T' object can't be awaited", v);
  }
  Ref iterator = await(t, v);
  if (iterator.failed()) return iterator;
  if (is_coroutine(iterator.get()) ||
      (is_generator(iterator.get()) &&
       (iterator.as<Generator>()->code.as<Code>()->flags & code_flag::kIterableCoroutine)))
    return raise(t, exc::TypeError, "__await__() returned a coroutine");
  if (type_of(iterator.get())->slots.next == nullptr)
    return raise(t, exc::TypeError, "__await__() returned non-iterator of type '%T'", iterator.get());
  return iterator;
}

Status initialise_async_types(Thread& t);  // async_generator.cpp

Status initialise_generator_types(Thread& t) {
  TRY(make_static_type(t, kWrapperSpec, &types::coroutine_wrapper));
  return initialise_async_types(t);
}

extern const TypeSpec spec_generator, spec_coroutine;
const TypeSpec spec_generator = {
    .name = "generator",
    .layout = generator_layout("generator"),
    .flags = kGeneratorFlags,
    .slots = generator_slots(),
    .methods = kGeneratorMethods,
    .getsets = kGeneratorGetsets,
};
const TypeSpec spec_coroutine = {
    .name = "coroutine",
    .layout = generator_layout("coroutine"),
    .flags = kGeneratorFlags,
    .slots = coroutine_slots(),
    .methods = kCoroutineMethods,
    .getsets = kCoroutineGetsets,
};

}  // namespace typhon
