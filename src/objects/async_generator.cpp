// Asynchronous generators, their asend()/athrow()/aclose() awaitables, anext() with a default.
#include "objects/generator.h"

#include "objects/container_util.h"
#include "objects/protocol/protocol.h"

namespace typhon {

namespace {

Generator* self_generator(Value self) { return self.as<Generator>(); }

// --- the wrapper around what `yield` hands out
struct WrappedValue : Object {
  Field value;
};
void wrapped_visit(Object* self, Visitor& v) { v.field(static_cast<WrappedValue*>(self)->value); }
bool is_wrapped(Value v) { return v.is_object() && type_of_object(v.object()) == types::async_generator_wrapped_value; }
const TypeSpec kWrappedSpec = {
    .name = "async_generator_wrapped_value",
    .layout = {.name = "async_generator_wrapped_value", .basic_size = sizeof(WrappedValue), .item_size = 0, .visit = wrapped_visit},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
};

enum class AwaitableState : u8 { kInit, kIterating, kClosed };

// asend(value) and __anext__(); athrow(exception) and aclose().
struct AsyncAwaitable : Object {
  Field generator;
  Field argument;  // asend: the value to send. athrow: the arguments, as a tuple; EMPTY: aclose
  AwaitableState state;
};
void awaitable_visit(Object* self, Visitor& v) {
  v.field(static_cast<AsyncAwaitable*>(self)->generator);
  v.field(static_cast<AsyncAwaitable*>(self)->argument);
}
AsyncAwaitable* self_awaitable(Value self) { return self.as<AsyncAwaitable>(); }

// Tells the event loop about a generator that begins to run.
Status init_hooks(Thread& t, Generator* g) {
  if (g->hooks_inited) return ok();
  g->hooks_inited = 1;
  if (!t.asyncgen_finalizer.is_empty() && !t.asyncgen_finalizer.is_none())
    g->origin_or_finalizer.store(g, t.asyncgen_finalizer);
  if (!t.asyncgen_firstiter.is_empty() && !t.asyncgen_firstiter.is_none()) {
    Ref hook = Ref::copy(t.asyncgen_firstiter);
    Ref called = TRY(call_with(t, hook.get(), Value(g)));
  }
  return ok();
}

Ref make_awaitable(Thread& t, Type* type, Value generator, Value argument) {
  TRY(init_hooks(t, self_generator(generator)));
  Ref ref = TRY(allocate_instance(t, type));
  AsyncAwaitable* a = ref.as<AsyncAwaitable>();
  a->generator.init(a, generator);
  if (!argument.is_empty()) a->argument.init(a, argument);
  return ref;
}

// Send or throw into the generator itself; its end is a StopAsyncIteration.
Ref resume(Thread& t, Generator* g, Value value) {
  Ref result;
  Ref yielded = generator_send(t, g, value, &result);
  if (yielded.is_empty()) return raise_none(t, exc::StopAsyncIteration);
  return yielded;
}
Ref resume_throwing(Thread& t, Generator* g, Value exception) {
  Ref result;
  Ref yielded = generator_throw(t, g, exception, &result);
  if (yielded.is_empty()) return raise_none(t, exc::StopAsyncIteration);
  return yielded;
}

// A wrapped value ends the await: StopIteration(value). Anything else is what the generator itself awaits.
Ref unwrap(Thread& t, Generator* g, Ref&& result) {
  if (result.failed()) {
    if (pending_matches(t, exc::StopAsyncIteration) || pending_matches(t, exc::GeneratorExit)) g->ag_closed = 1;
    g->ag_running = 0;
    return std::move(result);
  }
  if (!is_wrapped(result.get())) return std::move(result);
  g->ag_running = 0;
  Ref value = result.as<WrappedValue>()->value.load();
  return raise_stop_iteration(t, value.get());
}

// --- asend

Status asend_start(Thread& t, AsyncAwaitable* a, Generator* g) {
  if (a->state == AwaitableState::kClosed)
    return raise(t, exc::RuntimeError, "cannot reuse already awaited __anext__()/asend()");
  if (a->state == AwaitableState::kInit) {
    if (g->ag_running) {
      a->state = AwaitableState::kClosed;
      return raise(t, exc::RuntimeError, "anext(): asynchronous generator is already running");
    }
    a->state = AwaitableState::kIterating;
  }
  g->ag_running = 1;
  return ok();
}
Ref asend_send_value(Thread& t, Value self, Value value) {
  AsyncAwaitable* a = self_awaitable(self);
  Ref keep = a->generator.load();
  Generator* g = keep.as<Generator>();
  bool first = a->state == AwaitableState::kInit;
  TRY(asend_start(t, a, g));
  Ref argument = first && (value.is_none() || value.is_empty()) ? a->argument.load() : Ref::copy(value);
  Ref result = unwrap(t, g, resume(t, g, argument.get()));
  if (result.failed()) a->state = AwaitableState::kClosed;
  return result;
}
Ref asend_send(Thread& t, Value self, const Value* a) { return asend_send_value(t, self, a[0]); }
Ref asend_next(Thread& t, Value self) { return asend_send_value(t, self, None); }
Ref asend_throw_exception(Thread& t, Value self, Value exception) {
  AsyncAwaitable* a = self_awaitable(self);
  Ref keep = a->generator.load();
  Generator* g = keep.as<Generator>();
  TRY(asend_start(t, a, g));
  Ref result = unwrap(t, g, resume_throwing(t, g, exception));
  if (result.failed()) a->state = AwaitableState::kClosed;
  return result;
}
Ref asend_throw(Thread& t, Value self, const Value* a) {
  Ref exception = TRY(exception_from_throw(t, a[0], a[1], a[2]));
  return asend_throw_exception(t, self, exception.get());
}

// close() of an awaitable: GeneratorExit is thrown in and must end it.
Ref close_awaitable(Thread& t, Value self, Ref (*thrower)(Thread&, Value, Value)) {
  if (self_awaitable(self)->state == AwaitableState::kClosed) return Ref::none();
  Ref exit = TRY(make_exception(t, exc::GeneratorExit, EMPTY));
  Ref result = thrower(t, self, exit.get());
  if (result.failed()) {
    if (clear_if(t, exc::StopIteration) || clear_if(t, exc::StopAsyncIteration) || clear_if(t, exc::GeneratorExit))
      return Ref::none();
    return result;
  }
  return raise(t, exc::RuntimeError, "coroutine ignored GeneratorExit");
}
Ref asend_close(Thread& t, Value self, const Value*) { return close_awaitable(t, self, asend_throw_exception); }

// --- athrow and aclose

Ref athrow_check_error(Thread& t, AsyncAwaitable* a, Generator* g) {
  g->ag_running = 0;
  a->state = AwaitableState::kClosed;
  if (a->argument.is_empty() && (pending_matches(t, exc::StopAsyncIteration) || pending_matches(t, exc::GeneratorExit))) {
    clear_exception(t);
    return raise_none(t, exc::StopIteration);
  }
  return Ref::error();
}
Ref athrow_ignored_exit(Thread& t, AsyncAwaitable* a, Generator* g) {
  g->ag_running = 0;
  a->state = AwaitableState::kClosed;
  return raise(t, exc::RuntimeError, "async generator ignored GeneratorExit");
}

// The exception that athrow()'s arguments ask for: made when it is thrown.
Ref thrown(Thread& t, const Tuple* given) {
  Value words[3] = {EMPTY, EMPTY, EMPTY};
  for (u64 i = 0; i < given->size; i++) words[i] = given->items[i].peek();
  return exception_from_throw(t, words[0], words[1], words[2]);
}

Ref athrow_send_value(Thread& t, Value self, Value value) {
  AsyncAwaitable* a = self_awaitable(self);
  Ref keep = a->generator.load();
  Generator* g = keep.as<Generator>();
  bool closing = a->argument.is_empty();
  if (a->state == AwaitableState::kClosed)
    return raise(t, exc::RuntimeError, "cannot reuse already awaited aclose()/athrow()");
  if (g->seen_state() == u8(GeneratorState::kFinished)) {
    a->state = AwaitableState::kClosed;
    return raise_none(t, exc::StopIteration);
  }
  if (a->state == AwaitableState::kInit) {
    if (g->ag_running) {
      a->state = AwaitableState::kClosed;
      return raise(t, exc::RuntimeError, closing ? "aclose(): asynchronous generator is already running"
                                                 : "athrow(): asynchronous generator is already running");
    }
    if (g->ag_closed) {
      a->state = AwaitableState::kClosed;
      return raise_none(t, exc::StopAsyncIteration);
    }
    if (!value.is_none()) return raise(t, exc::RuntimeError, "can't send non-None value to a just-started coroutine");
    a->state = AwaitableState::kIterating;
    g->ag_running = 1;
    Ref result;
    if (closing) {
      g->ag_closed = 1;
      Ref exit = TRY(make_exception(t, exc::GeneratorExit, EMPTY));
      result = resume_throwing(t, g, exit.get());
      if (!result.failed() && is_wrapped(result.get())) return athrow_ignored_exit(t, a, g);
    } else {
      Ref given = a->argument.load();
      Ref exception = thrown(t, given.as<Tuple>());
      result = exception.failed() ? std::move(exception) : resume_throwing(t, g, exception.get());
      result = unwrap(t, g, std::move(result));
    }
    if (result.failed()) return athrow_check_error(t, a, g);
    return result;
  }
  Ref result = resume(t, g, value);
  if (!closing) {
    result = unwrap(t, g, std::move(result));
    if (result.failed()) a->state = AwaitableState::kClosed;
    return result;
  }
  if (result.failed()) return athrow_check_error(t, a, g);
  if (is_wrapped(result.get())) return athrow_ignored_exit(t, a, g);
  return result;
}
Ref athrow_send(Thread& t, Value self, const Value* a) { return athrow_send_value(t, self, a[0]); }
Ref athrow_next(Thread& t, Value self) { return athrow_send_value(t, self, None); }
Ref athrow_throw_exception(Thread& t, Value self, Value exception) {
  AsyncAwaitable* a = self_awaitable(self);
  Ref keep = a->generator.load();
  Generator* g = keep.as<Generator>();
  if (a->state == AwaitableState::kClosed)
    return raise(t, exc::RuntimeError, "cannot reuse already awaited aclose()/athrow()");
  if (a->state == AwaitableState::kInit) {
    if (g->ag_running) {
      a->state = AwaitableState::kClosed;
      return raise(t, exc::RuntimeError, a->argument.is_empty() ? "aclose(): asynchronous generator is already running"
                                                                : "athrow(): asynchronous generator is already running");
    }
    a->state = AwaitableState::kIterating;
    g->ag_running = 1;
  }
  Ref result = resume_throwing(t, g, exception);
  if (!a->argument.is_empty()) {
    result = unwrap(t, g, std::move(result));
    if (result.failed()) a->state = AwaitableState::kClosed;
    return result;
  }
  if (result.failed()) return athrow_check_error(t, a, g);
  if (is_wrapped(result.get())) return athrow_ignored_exit(t, a, g);
  return result;
}
Ref athrow_throw(Thread& t, Value self, const Value* a) {
  Ref exception = TRY(exception_from_throw(t, a[0], a[1], a[2]));
  return athrow_throw_exception(t, self, exception.get());
}
Ref athrow_close(Thread& t, Value self, const Value*) { return close_awaitable(t, self, athrow_throw_exception); }

// An aclose()/athrow() that nobody awaited has not happened.
void athrow_finalise(Thread& t, Object* self) {
  AsyncAwaitable* a = static_cast<AsyncAwaitable*>(self);
  if (a->state != AwaitableState::kInit) return;
  Generator* g = a->generator.as<Generator>();
  if (g == nullptr) return;
  if (warn(t, exc::RuntimeWarning, 1, "coroutine method '%s' of '%U' was never awaited",
           a->argument.is_empty() ? "aclose" : "athrow", generator_qualname(g).as<Str>()).failed())
    write_unraisable(t, nullptr, Value(self));
}
void asend_finalise(Thread& t, Object* self) {
  AsyncAwaitable* a = static_cast<AsyncAwaitable*>(self);
  if (a->state != AwaitableState::kInit) return;
  Generator* g = a->generator.as<Generator>();
  if (g == nullptr) return;
  if (warn(t, exc::RuntimeWarning, 1, "coroutine method 'asend' of '%U' was never awaited", generator_qualname(g).as<Str>()).failed())
    write_unraisable(t, nullptr, Value(self));
}

Ref identity(Thread&, Value self) { return Ref::copy(self); }
constexpr Slots awaitable_slots(NextFn next) {
  Slots s;
  s.iter = identity;
  s.await = identity;
  s.next = next;
  return s;
}
const char kThrowSignature[] = "($self, type, value=<unrepresentable>, traceback=<unrepresentable>, /)";
const Method kAsendMethods[] = {
    method("send", asend_send, "($self, value, /)"),
    method("throw", asend_throw, kThrowSignature),
    method("close", asend_close, "($self, /)"),
    {},
};
const Method kAthrowMethods[] = {
    method("send", athrow_send, "($self, value, /)"),
    method("throw", athrow_throw, kThrowSignature),
    method("close", athrow_close, "($self, /)"),
    {},
};
constexpr u32 kAwaitableFlags = type_flag::kDisallowInstantiation | type_flag::kImmutable;
const TypeSpec kAsendSpec = {
    .name = "async_generator_asend",
    .layout = {.name = "async_generator_asend", .basic_size = sizeof(AsyncAwaitable), .item_size = 0, .visit = awaitable_visit,
               .release = nullptr, .native_size = nullptr, .finalise = asend_finalise},
    .flags = kAwaitableFlags,
    .slots = awaitable_slots(asend_next),
    .methods = kAsendMethods,
};
const TypeSpec kAthrowSpec = {
    .name = "async_generator_athrow",
    .layout = {.name = "async_generator_athrow", .basic_size = sizeof(AsyncAwaitable), .item_size = 0, .visit = awaitable_visit,
               .release = nullptr, .native_size = nullptr, .finalise = athrow_finalise},
    .flags = kAwaitableFlags,
    .slots = awaitable_slots(athrow_next),
    .methods = kAthrowMethods,
};

// --- the generator's own methods
Ref async_anext(Thread& t, Value self) { return make_awaitable(t, types::async_generator_asend, self, None); }
Ref async_asend(Thread& t, Value self, const Value* a) { return make_awaitable(t, types::async_generator_asend, self, a[0]); }
Ref async_athrow(Thread& t, Value self, const Value* a) {
  if (!a[1].is_empty() || !a[2].is_empty())
    TRY(warn(t, exc::DeprecationWarning, 1,
             "the (type, exc, tb) signature of athrow() is deprecated, use the single-arg signature instead."));
  size_t count = a[1].is_empty() ? 1 : a[2].is_empty() ? 2 : 3;
  RefTo<Tuple> given = TRY(tuple_from(t, a, count));
  return make_awaitable(t, types::async_generator_athrow, self, given.value());
}
Ref async_aclose(Thread& t, Value self, const Value*) { return make_awaitable(t, types::async_generator_athrow, self, EMPTY); }
Ref generic_alias(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }
const Method kAsyncMethods[] = {
    method("asend", async_asend, "($self, value, /)", "asend(v) -> send 'v' in generator."),
    method("athrow", async_athrow, kThrowSignature, "athrow(value)\nathrow(type[,value[,tb]])\n\nraise exception in generator."),
    method("aclose", async_aclose, "($self, /)", "aclose() -> raise GeneratorExit inside generator."),
    class_method("__class_getitem__", generic_alias, "($type, object, /)", "See PEP 585"),
    {},
};

Ref get_await(Thread&, Value self) {
  Ref v = generator_delegate(self_generator(self));
  return v.is_empty() ? Ref::none() : std::move(v);
}
Ref get_running(Thread&, Value self) { return Ref::boolean(self_generator(self)->ag_running); }
Ref get_suspended(Thread&, Value self) { return Ref::boolean(self_generator(self)->seen_state() == u8(GeneratorState::kSuspended)); }
Ref get_frame(Thread& t, Value self) {
  Generator* g = self_generator(self);
  if (g->seen_state() == u8(GeneratorState::kFinished)) return Ref::none();
  return frame_object_of(t, g->registers());
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
const GetSet kAsyncGetsets[] = {
    {"__name__", get_name, set_name, "name of the async generator"},
    {"__qualname__", get_qualname, set_qualname, "qualified name of the async generator"},
    {"ag_await", get_await, nullptr, "object being awaited on, or None"},
    {"ag_running", get_running},
    {"ag_suspended", get_suspended},
    {"ag_frame", get_frame},
    {"ag_code", get_code},
    {},
};
Ref async_repr(Thread& t, Value self) {
  return str_format(t, "<async_generator object %U at 0x%x>", generator_qualname(self_generator(self)).as<Str>(), u64(self.object()));
}
constexpr Slots async_slots() {
  Slots s;
  s.repr = async_repr;
  s.aiter = identity;
  s.anext = async_anext;
  return s;
}

// --- anext(iterator, default)
struct AnextAwaitable : Object {
  Field awaitable, fallback;
};
void anext_visit(Object* self, Visitor& v) {
  v.field(static_cast<AnextAwaitable*>(self)->awaitable);
  v.field(static_cast<AnextAwaitable*>(self)->fallback);
}
// The end of the iterator is the default instead.
Ref anext_outcome(Thread& t, Value self, Ref&& result) {
  if (!result.failed() || !clear_if(t, exc::StopAsyncIteration)) return std::move(result);
  Ref fallback = self.as<AnextAwaitable>()->fallback.load();
  return raise_stop_iteration(t, fallback.get());
}
Ref anext_iterator(Thread& t, Value self) {
  Ref awaitable = self.as<AnextAwaitable>()->awaitable.load();
  Ref iterator = get_awaitable(t, awaitable.get(), 0);
  if (iterator.failed() || !is_exact(iterator.get(), kShape_coroutine)) return iterator;
  return type_of(iterator.get())->slots.await(t, iterator.get());
}
Ref anext_next(Thread& t, Value self) {
  Ref iterator = TRY(anext_iterator(t, self));
  Ref value = type_of(iterator.get())->slots.next(t, iterator.get());
  if (value.is_empty()) value = raise_none(t, exc::StopIteration);
  return anext_outcome(t, self, std::move(value));
}
Ref anext_forward(Thread& t, Value self, Str* name, const Value* a, u32 n) {
  Ref iterator = TRY(anext_iterator(t, self));
  u32 given = 0;
  while (given < n && !a[given].is_empty()) given++;
  return anext_outcome(t, self, call_method(t, iterator.get(), name, a, given));
}
Ref anext_send(Thread& t, Value self, const Value* a) { return anext_forward(t, self, names::send, a, 1); }
Ref anext_throw(Thread& t, Value self, const Value* a) { return anext_forward(t, self, names::throw_, a, 3); }
Ref anext_close(Thread& t, Value self, const Value* a) { return anext_forward(t, self, names::close, a, 0); }
const Method kAnextMethods[] = {
    method("send", anext_send, "($self, value, /)"),
    method("throw", anext_throw, kThrowSignature),
    method("close", anext_close, "($self, /)"),
    {},
};
const TypeSpec kAnextSpec = {
    .name = "anext_awaitable",
    .layout = {.name = "anext_awaitable", .basic_size = sizeof(AnextAwaitable), .item_size = 0, .visit = anext_visit},
    .flags = kAwaitableFlags,
    .slots = awaitable_slots(anext_next),
    .methods = kAnextMethods,
};

}  // namespace

Ref wrap_async_value(Thread& t, Ref&& value) {
  Ref ref = TRY(allocate_instance(t, types::async_generator_wrapped_value));
  WrappedValue* w = ref.as<WrappedValue>();
  w->value.init(w, std::move(value));
  return ref;
}

Ref get_aiter(Thread& t, Value v) {
  UnaryFn aiter = type_of(v)->slots.aiter;
  if (aiter == nullptr) return raise(t, exc::TypeError, "'async for' requires an object with __aiter__ method, got %T", v);
  Ref iterator = aiter(t, v);
  if (iterator.failed()) return iterator;
  if (type_of(iterator.get())->slots.anext == nullptr)
    return raise(t, exc::TypeError, "'async for' received an object from __aiter__ that does not implement __anext__: %T",
                 iterator.get());
  return iterator;
}

Ref get_anext(Thread& t, Value v) {
  if (is_exact(v, kShape_async_generator)) return async_anext(t, v);
  UnaryFn anext = type_of(v)->slots.anext;
  if (anext == nullptr) return raise(t, exc::TypeError, "'async for' requires an iterator with __anext__ method, got %T", v);
  Ref awaitable = anext(t, v);
  if (awaitable.failed()) return awaitable;
  Ref iterator = get_awaitable(t, awaitable.get(), 0);
  if (!iterator.failed()) return iterator;
  Ref cause = take_exception(t);
  (void)raise(t, exc::TypeError, "'async for' received an invalid object from __anext__: %T", awaitable.get());
  Ref error = take_exception(t);
  BaseException* e = error.as<BaseException>();
  e->cause.store(e, cause.get());
  e->context.store(e, cause.get());
  e->suppress_context = true;
  restore_exception(t, std::move(error));
  return Ref::error();
}

Ref anext_with_default(Thread& t, Value awaitable, Value fallback) {
  Ref ref = TRY(allocate_instance(t, types::anext_awaitable));
  AnextAwaitable* a = ref.as<AnextAwaitable>();
  a->awaitable.init(a, awaitable);
  a->fallback.init(a, fallback);
  return ref;
}

Status initialise_async_types(Thread& t) {
  TRY(make_static_type(t, kWrappedSpec, &types::async_generator_wrapped_value));
  TRY(make_static_type(t, kAsendSpec, &types::async_generator_asend));
  TRY(make_static_type(t, kAthrowSpec, &types::async_generator_athrow));
  return make_static_type(t, kAnextSpec, &types::anext_awaitable);
}

extern const TypeSpec spec_async_generator;
const TypeSpec spec_async_generator = {
    .name = "async_generator",
    .layout = {.name = "async_generator", .basic_size = offsetof(Generator, words), .item_size = sizeof(Value),
               .visit = generator_visit, .release = nullptr, .native_size = generator_size, .finalise = generator_finalise},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = async_slots(),
    .methods = kAsyncMethods,
    .getsets = kAsyncGetsets,
};

}  // namespace typhon
