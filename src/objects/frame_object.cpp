// Frame objects and tracebacks. Both are made on demand: a running frame is words on a stack (bytecode/frame.h), and gets an
// object when somebody asks, or when an exception passes through it.
#include "objects/frame_object.h"

#include "objects/generator.h"
#include "objects/protocol/protocol.h"

namespace typhon {

namespace {
constexpr int kOffsetScale = 2;  // as in code_type.cpp

Value* live_registers(FrameObject* f) { return __atomic_load_n(&f->registers, __ATOMIC_ACQUIRE); }

// Whether another thread may be running the frame, or end it any moment. A generator's runs wherever somebody resumes it.
// `r`: its live_registers, or null when it has ended.
bool may_run_elsewhere(Thread& t, FrameObject* f, Value* r) {
  if (!g_multi_threaded || f->is_local() || r == nullptr) return false;
  if (!f->is_generator) return f->thread != &t;
  for (Value* own = t.frame; own != nullptr; own = frame::caller(own))
    if (own == r) return false;
  return true;
}

// The registers of a live frame of another thread may be looked at only while that thread is stopped.
class OtherThreadStopped {
 public:
  OtherThreadStopped(Thread& t, FrameObject* f) : thread_(t), stopped_(may_run_elsewhere(t, f, live_registers(f))) {
    if (stopped_) stop_the_world(t);
  }
  ~OtherThreadStopped() {
    if (stopped_) start_the_world(thread_);
  }
  bool stopped() const { return stopped_; }

 private:
  Thread& thread_;
  bool stopped_;
};

bool is_namespace_code(const Code* code) { return code->flags & (code_flag::kModule | code_flag::kClassBody); }

}  // namespace

Generator* frame_generator(FrameObject* f) {
  Value* r = live_registers(f);
  if (r == nullptr || !f->is_generator) return nullptr;
  return reinterpret_cast<Generator*>(reinterpret_cast<char*>(r - kFrameHeader) - offsetof(Generator, words));
}

RefTo<FrameObject> frame_object_of(Thread& t, Value* r) {
  Value present = frame::frame_object(r);
  if (!present.is_empty()) return RefTo<FrameObject>::copy(present.as<FrameObject>());
  if (frame::info(r).flags & frame_flag::kGenerator) {
    Generator* g = reinterpret_cast<Generator*>(r - kFrameHeader - offsetof(Generator, words) / sizeof(Value));
    if (g->chain != nullptr || g->seen_state() >= u8(GeneratorState::kLinked)) unlink_chain(g);
  }
  FrameObject* f = heap::allocate_as<FrameObject>(t, kShape_frame);
  RefTo<FrameObject> ref = RefTo<FrameObject>::adopt(f);
  f->registers = r;
  f->thread = &t;
  f->trace_lines = 1;
  f->is_generator = (frame::info(r).flags & frame_flag::kGenerator) != 0;
  f->function.init(f, frame::function_word(r));
  f->code_field.init(f, Value(frame::code(r)));
  if (Generator* g = frame_generator(f)) publish_for(g, Value(f));
  frame::frame_object(r) = heap_copy(Value(f));
  if (!f->is_generator) frame::info(r).flags |= frame_flag::kObserved;
  return ref;
}

Ref frame_register(Thread& t, FrameObject* f, u32 i, bool through_cell) {
  Ref v;
  {
    OtherThreadStopped guard(t, f);
    if (Value* r = live_registers(f)) {
      Value word = r[i];
      if (guard.stopped() && word.is_object()) publish(word.object());
      v = Ref::copy(word);
    } else if (!f->saved.is_empty() && i < f->saved.as<Tuple>()->size) {
      v = f->saved.as<Tuple>()->items[i].load();
    }
  }
  if (through_cell && is_exact_cell(v.get())) return v.as<Cell>()->contents.load();
  return v;
}

Status set_frame_register(Thread& t, FrameObject* f, u32 i, Value value) {
  u8 kind = frame_code(f)->variable_kinds[i];
  if (kind & (u8(VariableKind::kCell) | u8(VariableKind::kFree))) {
    Ref cell = frame_register(t, f, i, false);
    if (is_exact_cell(cell.get())) {
      cell.as<Cell>()->contents.store(cell.object(), value);
      return ok();
    }
  }
  if (f->replaced.is_empty()) {
    RefTo<List> made = list_new(t);
    if (made.failed()) return Raised{};
    f->replaced.init_once(f, made.value());
  }
  Ref replaced = f->replaced.load();
  Ref old;
  {
    OtherThreadStopped guard(t, f);
    if (Value* r = live_registers(f)) {
      if (Generator* g = frame_generator(f)) publish_for(g, value);
      if (guard.stopped() && value.is_object()) publish(value.object());
      // Counted, whatever the object's state: right for a stack as for a suspended generator.
      old = Ref::adopt(r[i]);
      r[i] = heap_copy(value);
    } else if (!f->saved.is_empty() && i < f->saved.as<Tuple>()->size) {
      Tuple* saved = f->saved.as<Tuple>();
      saved->items[i].store(saved, value);
    }
  }
  // What the frame calls may have it as an argument (MOVE_BORROWED).
  return old.is_empty() ? ok() : list_append(t, replaced.as<List>(), old.get());
}

// The line of an instruction. The way back to a loop's head may have none of its own: it polls, and so is seen.
static i32 line_at(const Code* code, u32 at) {
  i32 line = code_position(code, at).line;
  if (line <= 0 && at > 0 && base_op(Op(code->instructions[at].op)) == Op::JUMP_BACK) line = code_position(code, at - 1).line;
  return line;
}

// The instruction that the frame has come to, or ended at.
static u32 current_unit(Thread& t, FrameObject* f) {
  OtherThreadStopped guard(t, f);
  Value* r = live_registers(f);
  return r != nullptr ? frame::unit_index(r) : f->last_unit.load();
}

i32 frame_line(Thread& t, FrameObject* f) {
  if (f->line_override > 0) return f->line_override;
  return line_at(frame_code(f), current_unit(t, f));
}

// Whether a comprehension of a class or module runs now and has variables.
static bool has_hidden_variables(Thread& t, FrameObject* f) {
  Code* code = frame_code(f);
  if (!is_loaded(code)) return false;
  for (u32 i = 0; i < code->local_count; i++)
    if ((code->variable_kinds[i] & u8(VariableKind::kHiddenLocal)) && !frame_register(t, f, i, true).is_empty()) return true;
  return false;
}

Ref frame_locals(Thread& t, FrameObject* f) {
  if (is_namespace_code(frame_code(f)) && !has_hidden_variables(t, f)) {
    Ref space = frame_register(t, f, 0, false);
    if (!space.is_empty()) return space;
    return f->function.as<Function>()->globals.load();
  }
  return frame_locals_proxy_new(t, f);
}

void add_traceback(Thread& t, Value* r) {
  if (t.pending.is_empty()) return;
  BaseException* e = t.pending.as<BaseException>();
  RefTo<FrameObject> frame = frame_object_of(t, r);
  Traceback* row = heap::allocate_as<Traceback>(t, kShape_traceback);
  Ref ref = Ref::adopt(Value(row));
  row->line = -1;
  row->last_unit = i32(frame::unit_index(r));
  row->frame.init(row, frame.value());
  Value next = e->traceback.peek();
  if (!next.is_empty()) row->next.init(row, next);
  e->traceback.store(e, std::move(ref));
}

namespace {

FrameObject* self_frame(Value self) { return self.as<FrameObject>(); }

void frame_visit(Object* self, Visitor& v) {
  FrameObject* f = static_cast<FrameObject*>(self);
  v.field(f->function);
  v.field(f->code_field);
  v.field(f->back);
  v.field(f->saved);
  v.field(f->trace);
  v.field(f->extra_locals);
  v.field(f->replaced);
  v.field(f->profiled_call);
  v.field(f->monitored_call);
  v.field(f->monitored_argument);
}

bool frame_dispose(Thread&, Object* self) {
  FrameObject* f = static_cast<FrameObject*>(self);
  for (Field* field : {&f->function, &f->code_field, &f->back, &f->saved, &f->trace, &f->extra_locals, &f->replaced, &f->profiled_call,
                       &f->monitored_call, &f->monitored_argument})
    drop_field(*field);
  return true;
}

Ref or_none(const Field& field) {
  Ref v = field.load();
  return v.is_empty() ? Ref::none() : std::move(v);
}

// The thread in whose chain of frames this one is; null: in none. The world is stopped.
Thread* thread_of_frame(const Value* r) {
  for (Thread* other = first_thread(); other != nullptr; other = other->next)
    for (Value* at = other->frame; at != nullptr; at = frame::caller(at))
      if (at == r) return other;
  return nullptr;
}

// The caller of a frame that runs in another thread, as it is while that one is stopped.
Ref back_in_other_thread(Thread& t, FrameObject* f) {
  RefTo<FrameObject> back;
  {
    WorldStopped stopped(t);
    Value* r = live_registers(f);
    Value* caller = r != nullptr ? frame::caller(r) : nullptr;
    if (caller != nullptr) {
      back = frame_object_of(t, caller);
      if (back->thread == &t) back->thread = thread_of_frame(caller);
      publish(back.get());
    } else if (r == nullptr) {
      return or_none(f->back);
    }
  }
  return back.is_empty() ? Ref::none() : std::move(back).release_ref();
}

Ref get_back(Thread& t, Value self) {
  FrameObject* f = self_frame(self);
  Value* r = live_registers(f);
  if (r == nullptr) return or_none(f->back);
  if (may_run_elsewhere(t, f, r)) return back_in_other_thread(t, f);  // of one that ends meanwhile nothing may be read here
  Value* caller = frame::caller(r);
  if (caller == nullptr) return Ref::none();
  return frame_object_of(t, caller);
}
Ref get_code(Thread&, Value self) { return self_frame(self)->code_field.load(); }
Ref get_globals(Thread&, Value self) { return self_frame(self)->function.as<Function>()->globals.load(); }
Ref get_builtins(Thread&, Value self) { return Ref::copy(function_builtins(self_frame(self)->function.as<Function>())); }
Ref get_locals(Thread& t, Value self) { return frame_locals(t, self_frame(self)); }
Ref get_lasti(Thread& t, Value self) {
  return int_from(t, i64(current_unit(t, self_frame(self))) * kOffsetScale);
}
Ref get_lineno(Thread& t, Value self) {
  FrameObject* f = self_frame(self);
  i32 line = frame_line(t, f);
  if (line == 0 && (frame_code(f)->flags & code_flag::kModule) && current_unit(t, f) == 0) return int_from(t, 0);  // as co_lines has it
  return line > 0 ? int_from(t, line) : Ref::none();
}
Status set_lineno(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::AttributeError, "cannot delete attribute");
  return set_frame_line(t, self_frame(self), value);
}
Ref get_trace(Thread&, Value self) { return or_none(self_frame(self)->trace); }
Status set_trace(Thread&, Value self, Value value) {
  self_frame(self)->trace.store(self.object(), value.is_none() ? EMPTY : value);
  return ok();
}
Ref get_trace_lines(Thread&, Value self) { return Ref::boolean(self_frame(self)->trace_lines); }
Status set_trace_lines(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete numeric/char attribute");
  if (!value.is_bool()) return raise(t, exc::TypeError, "attribute value type must be bool");
  self_frame(self)->trace_lines = value.is_true();
  return ok();
}
Ref get_trace_opcodes(Thread&, Value self) { return Ref::boolean(self_frame(self)->trace_opcodes); }
Status set_trace_opcodes(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::AttributeError, "attribute 'f_trace_opcodes' of 'frame' objects cannot be deleted");
  if (!value.is_bool()) return raise(t, exc::TypeError, "attribute value type must be bool");
  self_frame(self)->trace_opcodes = value.is_true();
  return ok();
}
Ref get_generator(Thread&, Value self) {
  Generator* g = frame_generator(self_frame(self));
  return g ? Ref::copy(Value(g)) : Ref::none();
}
const GetSet kFrameGetsets[] = {
    {"f_back", get_back},
    {"f_code", get_code, nullptr, "Return the code object being executed in this frame."},
    {"f_builtins", get_builtins, nullptr, "Return the built-in variables in the frame."},
    {"f_globals", get_globals, nullptr, "Return the global variables in the frame."},
    {"f_locals", get_locals, nullptr, "Return the mapping used by the frame to look up local variables."},
    {"f_lasti", get_lasti, nullptr, "Return the index of the last attempted instruction in the frame."},
    {"f_lineno", get_lineno, set_lineno, "Return the current line number in the frame."},
    {"f_trace", get_trace, set_trace, "Return the trace function for this frame, or None if no trace function is set."},
    {"f_trace_lines", get_trace_lines, set_trace_lines},
    {"f_trace_opcodes", get_trace_opcodes, set_trace_opcodes},
    {"f_generator", get_generator, nullptr, "Return the generator or coroutine associated with this frame, or None."},
    {},
};

Ref frame_clear(Thread& t, Value self, const Value*) {
  FrameObject* f = self_frame(self);
  if (live_registers(f) != nullptr) {
    Generator* g = frame_generator(f);
    if (g == nullptr || g->seen_state() == u8(GeneratorState::kRunning))
      return raise(t, exc::RuntimeError, "cannot clear an executing frame");
    if (g->seen_state() == u8(GeneratorState::kSuspended)) return raise(t, exc::RuntimeError, "cannot clear a suspended frame");
    Ref keep = Ref::copy(Value(g));
    generator_finalise(t, g);
    return Ref::none();
  }
  f->saved.clear(f);
  f->extra_locals.clear(f);
  f->trace.clear(f);
  return Ref::none();
}
const Method kFrameMethods[] = {
    method("clear", frame_clear, "($self, /)", "Clear all references held by the frame."),
    {},
};

Ref frame_repr(Thread& t, Value self) {
  FrameObject* f = self_frame(self);
  Code* code = frame_code(f);
  return str_format(t, "<frame at 0x%x, file %R, line %d, code %U>", u64(f), code->filename.peek(), int(frame_line(t, f)),
                    code->name.as<Str>());
}
constexpr Slots frame_slots() {
  Slots s;
  s.repr = frame_repr;
  return s;
}

// --- tracebacks
Traceback* self_traceback(Value self) { return self.as<Traceback>(); }

void traceback_visit(Object* self, Visitor& v) {
  v.field(static_cast<Traceback*>(self)->next);
  v.field(static_cast<Traceback*>(self)->frame);
}
Ref tb_next(Thread&, Value self) { return or_none(self_traceback(self)->next); }
Status set_tb_next(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete tb_next attribute");
  if (value.is_none()) {
    self_traceback(self)->next.clear(self.object());
    return ok();
  }
  if (!is_traceback(value)) return raise(t, exc::TypeError, "expected traceback object or None, got '%T'", value);
  for (Traceback* at = value.as<Traceback>(); at != nullptr; at = at->next.as<Traceback>())
    if (at == self.object()) return raise(t, exc::ValueError, "traceback loop detected");
  self_traceback(self)->next.store(self.object(), value);
  return ok();
}
Ref tb_frame(Thread&, Value self) { return self_traceback(self)->frame.load(); }
Ref tb_lasti(Thread& t, Value self) { return int_from(t, i64(self_traceback(self)->last_unit) * kOffsetScale); }
Ref tb_lineno(Thread& t, Value self) {
  Traceback* row = self_traceback(self);
  i32 line = row->line;
  if (line < 0) line = line_at(frame_code(row->frame.as<FrameObject>()), u32(row->last_unit));
  return line > 0 ? int_from(t, line) : Ref::none();
}
const GetSet kTracebackGetsets[] = {
    {"tb_next", tb_next, set_tb_next},
    {"tb_frame", tb_frame},
    {"tb_lasti", tb_lasti},
    {"tb_lineno", tb_lineno},
    {},
};
Ref traceback_dir(Thread& t, Value, const Value*) {
  RefTo<List> names = list_new(t);
  for (const char* name : {"tb_frame", "tb_next", "tb_lasti", "tb_lineno"})
    TRY(list_append(t, names.get(), str_from_ascii(t, name).release_ref()));
  return names;
}
const Method kTracebackMethods[] = {method("__dir__", traceback_dir, "($self, /)"), {}};

const char kTracebackSignature[] = "(tb_next, tb_frame, tb_lasti, tb_lineno)";
Ref traceback_new(Thread& t, Type*, Args args) {
  static const Signature& signature = parse_signature(kTracebackSignature);
  Value a[4];
  Ref keep[2];
  TRY(bind_arguments(t, signature, "TracebackType", args, a, keep));
  if (!a[0].is_none() && !is_traceback(a[0]))
    return raise(t, exc::TypeError, "expected traceback object or None, got '%T'", a[0]);
  if (!is_frame(a[1])) return raise(t, exc::TypeError, "TracebackType() argument 'tb_frame' must be frame, not %T", a[1]);
  i64 lasti = TRY(to_i64(t, a[2])), line = TRY(to_i64(t, a[3]));
  Traceback* row = heap::allocate_as<Traceback>(t, kShape_traceback);
  Ref ref = Ref::adopt(Value(row));
  if (!a[0].is_none()) row->next.init(row, a[0]);
  row->frame.init(row, a[1]);
  row->last_unit = i32(lasti / kOffsetScale);
  row->line = i32(line);
  return ref;
}
constexpr Slots traceback_slots() {
  Slots s;
  s.new_ = traceback_new;
  return s;
}

}  // namespace

extern const TypeSpec spec_frame, spec_traceback;
const TypeSpec spec_frame = {
    .name = "frame",
    .layout = {.name = "frame", .basic_size = sizeof(FrameObject), .item_size = 0, .visit = frame_visit,
               .dispose = frame_dispose},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = frame_slots(),
    .methods = kFrameMethods,
    .getsets = kFrameGetsets,
};
const TypeSpec spec_traceback = {
    .name = "traceback",
    .doc = "Create a new traceback object.",
    .layout = {.name = "traceback", .basic_size = sizeof(Traceback), .item_size = 0, .visit = traceback_visit,
               .dispose = dispose_fields<offsetof(Traceback, next), 2>},
    .flags = type_flag::kImmutable,
    .slots = traceback_slots(),
    .methods = kTracebackMethods,
    .getsets = kTracebackGetsets,
    .text_signature = kTracebackSignature,
};

}  // namespace typhon
