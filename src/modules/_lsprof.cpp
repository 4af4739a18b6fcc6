// _lsprof: the profiler behind cProfile, a tool of sys.monitoring.
//
// Every thread has a stack of calls of its own, so that calls of several threads are not taken for calls of one another. What was
// counted is kept by what was called: the code object, or the row that defines a native function. All of it lies in native memory
// under the profiler's lock, which is held for a few instructions by attached threads; no reference is in there, `kept` holds
// what the entries stand for.
#include <ctime>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "interpreter/monitoring.h"
#include "modules/sys/sys.h"
#include "objects/float.h"
#include "objects/function.h"
#include "objects/int.h"
#include "objects/module.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

constexpr i64 kTool = 2;  // sys.monitoring.PROFILER_ID

struct Counts {
  i64 calls = 0, recursive = 0;
  i64 total = 0, inline_ = 0;  // ticks
};
struct Entry;
struct SubEntry {
  Entry* called;
  Counts counts;
};
struct Entry {
  u64 index;  // of what was called, in Profiler::kept
  Counts counts;
  std::vector<std::unique_ptr<SubEntry>> calls;  // as they came
  std::unordered_map<Entry*, SubEntry*> by_called;
};
struct Call {
  Entry* entry;
  SubEntry* sub;  // null: not kept apart by caller
  i64 begun, in_calls;
};
struct ThreadCalls {
  std::vector<Call> stack;
  std::unordered_map<const void*, u32> depth;  // of entries and subentries: how often they are in the stack
};
struct Statistics {
  std::vector<std::unique_ptr<Entry>> entries;
  std::unordered_map<const void*, Entry*> by_key;
  std::unordered_map<u64, ThreadCalls> threads;  // by Thread::ident
};

struct Profiler : Object {
  Field timer;  // None: the clock
  Field kept;   // list
  Statistics* statistics;  // made by the first use
  double unit;             // seconds in a tick of `timer`; 0: it tells seconds
  u64 in_timer;            // ident of the thread that asks `timer`; atomic
  platform::RawLock lock;
  bool subcalls, builtins, enabled;
};

Type* g_profiler_type;
Type *g_entry_type, *g_subentry_type;

Profiler* self_of(Value v) { return v.as<Profiler>(); }

void visit(Object* self, Visitor& v) {
  auto* p = static_cast<Profiler*>(self);
  v.field(p->timer);
  v.field(p->kept);
}
void release_native(Thread&, Object* self) { delete static_cast<Profiler*>(self)->statistics; }

// --- the time
i64 clock_ticks() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return i64(now.tv_sec) * 1000000000 + now.tv_nsec;
}

Result<i64> timer_ticks(Thread& t, Profiler* p, Value timer) {
  Ref told = TRY(call(t, timer));
  if (p->unit > 0) {
    if (!is_int(told)) return raise(t, exc::TypeError, "expect int, got %T", told.get());
    return to_i64(t, told, "Python int too large to convert to C long");
  }
  double seconds = TRY(to_double(t, told));
  if (!(seconds > -9.2e9 && seconds < 9.2e9)) return raise(t, exc::OverflowError, "timestamp too large to convert to C PyTime_t");
  return i64(__builtin_floor(seconds * 1e9));
}

// May run Python code: what the program's timer raises is reported, and the time is 0 then.
i64 ticks(Thread& t, Value self) {
  Profiler* p = self_of(self);
  if (p->timer.is_empty() || p->timer.peek().is_none()) return clock_ticks();
  Ref timer = p->timer.load();
  u64 before = __atomic_exchange_n(&p->in_timer, t.ident, __ATOMIC_RELAXED);
  Result<i64> result = timer_ticks(t, p, timer);
  __atomic_store_n(&p->in_timer, before, __ATOMIC_RELAXED);
  if (!result.failed()) return result.get();
  Ref exception = take_exception(t);
  std::string where = "while calling _lsprof timer ";
  RefTo<Str> shown = object_repr(t, timer);
  if (shown.failed()) {
    clear_exception(t);
  } else {
    Utf8Buffer buffer;
    where += str_utf8(shown.get(), buffer);
  }
  restore_exception(t, std::move(exception));
  write_unraisable(t, where.c_str(), EMPTY);
  return 0;
}
double seconds_in_tick(const Profiler* p) { return p->unit > 0 ? p->unit : 1e-9; }

// --- calls begin and end. Under the lock.
void begin_call(Profiler* p, u64 thread, Entry* entry, i64 now) {
  ThreadCalls& calls = p->statistics->threads[thread];
  SubEntry* sub = nullptr;
  if (p->subcalls && !calls.stack.empty()) {
    Entry* caller = calls.stack.back().entry;
    SubEntry*& known = caller->by_called[entry];
    if (known == nullptr) {
      caller->calls.push_back(std::make_unique<SubEntry>(SubEntry{entry, {}}));
      known = caller->calls.back().get();
    }
    sub = known;
    calls.depth[sub]++;
  }
  calls.depth[entry]++;
  calls.stack.push_back({entry, sub, now, 0});
}

void count_end(ThreadCalls& calls, const void* of, Counts& counts, i64 total, i64 inline_) {
  auto depth = calls.depth.find(of);
  if (--depth->second == 0) {
    calls.depth.erase(depth);
    counts.total += total;
  } else {
    counts.recursive++;
  }
  counts.inline_ += inline_;
  counts.calls++;
}
void end_call(ThreadCalls& calls, i64 now) {
  Call call = calls.stack.back();
  calls.stack.pop_back();
  i64 total = now - call.begun, inline_ = total - call.in_calls;
  if (!calls.stack.empty()) calls.stack.back().in_calls += total;
  count_end(calls, call.entry, call.entry->counts, total, inline_);
  if (call.sub != nullptr) count_end(calls, call.sub, call.sub->counts, total, inline_);
}

Statistics* statistics_of(Profiler* p) {
  if (p->statistics == nullptr) p->statistics = new Statistics;
  return p->statistics;
}
Entry* known_entry(Profiler* p, const void* key) {
  platform::RawLockGuard guard(p->lock);
  auto found = statistics_of(p)->by_key.find(key);
  return found == p->statistics->by_key.end() ? nullptr : found->second;
}
// `what` is kept, and shown as what was called.
Status add_entry(Thread& t, Value self, const void* key, Value what) {
  Profiler* p = self_of(self);
  Ref kept = p->kept.load();
  TRY(list_append(t, kept.as<List>(), what));
  u64 index = list_size(kept.as<List>());
  for (; index > 0; index--) {
    Ref item = list_get(t, kept.as<List>(), index - 1);
    if (is_same(item, what)) break;
  }
  if (index == 0) return ok();
  platform::RawLockGuard guard(p->lock);
  Entry*& entry = statistics_of(p)->by_key[key];
  if (entry != nullptr) return ok();
  p->statistics->entries.push_back(std::make_unique<Entry>());
  entry = p->statistics->entries.back().get();
  entry->index = index - 1;
  return ok();
}

Status enter(Thread& t, Value self, const void* key) {
  i64 now = ticks(t, self);
  Profiler* p = self_of(self);
  platform::RawLockGuard guard(p->lock);
  auto found = statistics_of(p)->by_key.find(key);
  if (found != p->statistics->by_key.end()) begin_call(p, t.ident, found->second, now);
  return ok();
}
Status leave(Thread& t, Value self) {
  Profiler* p = self_of(self);
  {
    platform::RawLockGuard guard(p->lock);
    auto calls = statistics_of(p)->threads.find(t.ident);
    if (calls == p->statistics->threads.end() || calls->second.stack.empty()) return ok();
  }
  i64 now = ticks(t, self);
  platform::RawLockGuard guard(p->lock);
  auto calls = statistics_of(p)->threads.find(t.ident);
  if (calls != p->statistics->threads.end() && !calls->second.stack.empty()) end_call(calls->second, now);
  return ok();
}

// --- what is told of native functions
// "<method 'append' of 'list' objects>", "<built-in method time.sleep>"
Ref native_name(Thread& t, const Method* method, Value self, Value module) {
  if (self.is_empty() || is_module(self)) {
    if (is_str(module)) return str_format(t, "<built-in method %S.%s>", module, method->name);
    return str_format(t, "<built-in method %s>", method->name);
  }
  RefTo<Str> text = TRY(str_from_utf8(t, method->name)), name = TRY(str_intern(t, text));
  Value found = type_lookup(type_of(self), name.get());
  if (!found.is_empty()) {
    Ref keep = Ref::copy(found);
    return object_repr(t, keep);
  }
  return str_format(t, "<built-in method %U>", name.get());
}

// The row of a native function that was called, null for anything else.
const Method* native_method(Value callable, Value first, Value* self, Value* module) {
  *self = *module = EMPTY;
  if (is_exact(callable, kShape_builtin_function)) {
    auto* function = callable.as<NativeFunction>();
    *self = function->self.peek();
    *module = function->module.peek();
    return function->definition;
  }
  if (!is_exact(callable, kShape_method_descriptor) || is_same(first, monitoring::g_missing.get())) return nullptr;
  *self = first;
  return callable.as<NativeDescriptor>()->method;
}

// --- the callbacks
Ref on_start(Thread& t, Value self, const Value* a) {
  Ref code = Ref::copy(a[0]);
  if (known_entry(self_of(self), code.object()) == nullptr) TRY(add_entry(t, self, code.object(), code));
  TRY(enter(t, self, code.object()));
  return Ref::none();
}
Ref on_return(Thread& t, Value self, const Value*) {
  TRY(leave(t, self));
  return Ref::none();
}
Ref on_native_call(Thread& t, Value self, const Value* a) {
  if (!self_of(self)->builtins) return Ref::none();
  Value bound, module;
  const Method* method = native_method(a[2], a[3], &bound, &module);
  if (method == nullptr) return Ref::none();
  if (known_entry(self_of(self), method) == nullptr) {
    Ref name = TRY(native_name(t, method, bound, module));
    TRY(add_entry(t, self, method, name));
  }
  TRY(enter(t, self, method));
  return Ref::none();
}
Ref on_native_return(Thread& t, Value self, const Value* a) {
  if (!self_of(self)->builtins) return Ref::none();
  Value bound, module;
  if (native_method(a[2], a[3], &bound, &module) != nullptr) TRY(leave(t, self));
  return Ref::none();
}

constexpr struct {
  MonitorEvent event;
  const char* method;
} kCallbacks[] = {
    {MonitorEvent::kPyStart, "_pystart_callback"},   {MonitorEvent::kPyResume, "_pystart_callback"},
    {MonitorEvent::kPyThrow, "_pythrow_callback"},   {MonitorEvent::kPyReturn, "_pyreturn_callback"},
    {MonitorEvent::kPyYield, "_pyreturn_callback"},  {MonitorEvent::kPyUnwind, "_pyreturn_callback"},
    {MonitorEvent::kCall, "_ccall_callback"},        {MonitorEvent::kCReturn, "_creturn_callback"},
    {MonitorEvent::kCRaise, "_creturn_callback"},
};

// --- methods
Status refuse_in_timer(Thread& t, Profiler* p, const char* what) {
  if (__atomic_load_n(&p->in_timer, __ATOMIC_RELAXED) != t.ident) return ok();
  return raise(t, exc::RuntimeError, "cannot %s profiler in external timer", what);
}

Ref monitoring_module(Thread& t) {
  Ref module = sys_get(t, str_immortal(t, "monitoring"));
  return module.is_empty() ? Ref(raise(t, exc::RuntimeError, "lost sys.monitoring")) : std::move(module);
}

Ref profiler_enable(Thread& t, Value self, const Value* a) {
  Profiler* p = self_of(self);
  bool subcalls = a[0].is_empty() || TRY(truth(t, a[0])), builtins = a[1].is_empty() || TRY(truth(t, a[1]));
  p->subcalls = subcalls;
  p->builtins = builtins;
  Ref monitoring = TRY(monitoring_module(t));
  RefTo<Str> name = TRY(str_from_ascii(t, "cProfile"));
  TRY(call_method_with(t, monitoring, str_immortal(t, "use_tool_id"), Value::small_int(kTool), name.value()));
  i64 events = 0;
  for (auto& row : kCallbacks) {
    Ref callback = TRY(get_attribute_utf8(t, self, row.method));
    i64 bit = i64(1) << u32(row.event);
    TRY(call_method_with(t, monitoring, str_immortal(t, "register_callback"), Value::small_int(kTool), Value::small_int(bit), callback));
    events |= bit;
  }
  TRY(call_method_with(t, monitoring, str_immortal(t, "set_events"), Value::small_int(kTool), Value::small_int(events)));
  p->enabled = true;
  return Ref::none();
}

// Calls that have not come to their end, end now.
void end_all_calls(Thread& t, Value self) {
  Profiler* p = self_of(self);
  bool any = false;
  {
    platform::RawLockGuard guard(p->lock);
    for (auto& [ident, calls] : statistics_of(p)->threads) any |= !calls.stack.empty();
  }
  if (!any) return;
  i64 now = ticks(t, self);
  platform::RawLockGuard guard(p->lock);
  for (auto& [ident, calls] : p->statistics->threads)
    while (!calls.stack.empty()) end_call(calls, now);
}

Ref profiler_disable(Thread& t, Value self, const Value*) {
  Profiler* p = self_of(self);
  TRY(refuse_in_timer(t, p, "disable"));
  if (!p->enabled) return Ref::none();
  Ref monitoring = TRY(monitoring_module(t));
  for (auto& row : kCallbacks)
    TRY(call_method_with(t, monitoring, str_immortal(t, "register_callback"), Value::small_int(kTool),
                         Value::small_int(i64(1) << u32(row.event)), None));
  TRY(call_method_with(t, monitoring, str_immortal(t, "set_events"), Value::small_int(kTool), Value::small_int(0)));
  TRY(call_method_with(t, monitoring, str_immortal(t, "free_tool_id"), Value::small_int(kTool)));
  p->enabled = false;
  end_all_calls(t, self);
  return Ref::none();
}

Ref profiler_clear(Thread& t, Value self, const Value*) {
  Profiler* p = self_of(self);
  TRY(refuse_in_timer(t, p, "clear"));
  RefTo<List> kept = TRY(list_new(t));
  Statistics* old;
  {
    platform::RawLockGuard guard(p->lock);
    old = p->statistics;
    p->statistics = nullptr;
  }
  delete old;
  p->kept.store(p, std::move(kept));
  return Ref::none();
}

// A row as it was under the lock.
struct Row {
  u64 index;
  Counts counts;
};
Ref make_row(Thread& t, Type* type, List* kept, const Row& row, double unit, Value calls) {
  Ref what = list_get(t, kept, row.index);
  if (what.is_empty()) what = Ref::none();
  Ref n = TRY(int_from(t, row.counts.calls)), recursive = TRY(int_from(t, row.counts.recursive));
  Ref total = TRY(float_from(t, unit * double(row.counts.total))), own = TRY(float_from(t, unit * double(row.counts.inline_)));
  Value values[] = {what, n, recursive, total, own, calls};
  return struct_sequence_new(t, type, values, calls.is_empty() ? 5 : 6);
}

Ref profiler_getstats(Thread& t, Value self, const Value*) {
  Profiler* p = self_of(self);
  struct Rows {
    Row row;
    std::vector<Row> calls;
  };
  std::vector<Rows> rows;
  Ref kept = p->kept.load();
  {
    platform::RawLockGuard guard(p->lock);
    for (auto& entry : statistics_of(p)->entries) {
      if (entry->counts.calls == 0) continue;  // has only begun
      rows.push_back({{entry->index, entry->counts}, {}});
      for (auto& sub : entry->calls)
        if (sub->counts.calls != 0) rows.back().calls.push_back({sub->called->index, sub->counts});
    }
  }
  double unit = seconds_in_tick(p);
  RefTo<List> result = TRY(list_new(t));
  for (const Rows& r : rows) {
    Ref calls = Ref::none();
    if (!r.calls.empty()) {
      RefTo<List> list = TRY(list_new(t));
      for (const Row& sub : r.calls) TRY(list_append(t, list.get(), TRY(make_row(t, g_subentry_type, kept.as<List>(), sub, unit, EMPTY))));
      calls = std::move(list);
    }
    TRY(list_append(t, result.get(), TRY(make_row(t, g_entry_type, kept.as<List>(), r.row, unit, calls))));
  }
  return result;
}

Ref profiler_new(Thread& t, Type* cls, Args) {
  Ref self = TRY(allocate_instance(t, cls));
  Profiler* p = self_of(self);
  p->kept.init(p, TRY(list_new(t)));
  p->subcalls = p->builtins = true;
  return self;
}
Status profiler_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(timer=None, timeunit=0.0, subcalls=True, builtins=True)");
  Value a[4];
  Ref keep;
  TRY(bind_arguments(t, signature, "Profiler", args, a, &keep));
  double unit = a[1].is_empty() ? 0 : TRY(to_double(t, a[1]));
  bool subcalls = a[2].is_empty() || TRY(truth(t, a[2])), builtins = a[3].is_empty() || TRY(truth(t, a[3]));
  Profiler* p = self_of(self);
  p->timer.store(p, a[0].is_empty() ? None : a[0]);
  p->unit = a[0].is_empty() || a[0].is_none() ? 0 : unit;
  p->subcalls = subcalls;
  p->builtins = builtins;
  return ok();
}

const Method kMethods[] = {
    method("getstats", profiler_getstats, "($self)",
           "A list of profiler_entry objects, one for each function: code, callcount, reccallcount, totaltime, inlinetime, calls\n"
           "(None, or a list of profiler_subentry objects: the same of what it called)."),
    method("enable", profiler_enable, "($self, subcalls=True, builtins=True)",
           "Start collecting profiling information.\n\n  subcalls\n    Whether calls are told apart by their caller.\n"
           "  builtins\n    Whether native functions are told apart from their caller."),
    method("disable", profiler_disable, "($self)", "Stop collecting profiling information."),
    method("clear", profiler_clear, "($self)", "Clear all profiling information collected so far."),
    method("_pystart_callback", on_start, "($self, code, instruction_offset, /)"),
    method("_pythrow_callback", on_start, "($self, code, instruction_offset, exception, /)"),
    method("_pyreturn_callback", on_return, "($self, code, instruction_offset, retval, /)"),
    method("_ccall_callback", on_native_call, "($self, code, instruction_offset, callable, self_arg, /)"),
    method("_creturn_callback", on_native_return, "($self, code, instruction_offset, callable, self_arg, /)"),
    {},
};
const TypeSpec kProfilerSpec = {
    .name = "_lsprof.Profiler",
    .doc = "Build a profiler object using the specified timer function.\n\nThe default timer is a fast built-in one based on real time.\n"
           "For custom timer functions returning integers, 'timeunit' is how long each unit is, in seconds.",
    .layout = {"Profiler", sizeof(Profiler), 0, visit, release_native, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.new_ = profiler_new, .init = profiler_init},
    .methods = kMethods,
    .text_signature = "(timer=None, timeunit=0.0, subcalls=True, builtins=True)",
};

Status initialise(Thread& t, Module* module) {
  static const StructSequenceField entry[] = {{"code", "code object or built-in function name"},
                                              {"callcount", "how many times this was called"},
                                              {"reccallcount", "how many times called recursively"},
                                              {"totaltime", "total time in this entry"},
                                              {"inlinetime", "inline time in this entry (not in subcalls)"},
                                              {"calls", "details of the calls"},
                                              {}};
  static const StructSequenceField subentry[] = {{"code", "called code object or built-in function name"},
                                                 {"callcount", "how many times this is called"},
                                                 {"reccallcount", "how many times this is called recursively"},
                                                 {"totaltime", "total time spent in this call"},
                                                 {"inlinetime", "inline time (not in further subcalls)"},
                                                 {}};
  TRY(module_add_type(t, module, kProfilerSpec, &g_profiler_type));
  g_entry_type = TRY(struct_sequence_type(t, "_lsprof.profiler_entry", nullptr, entry, 6)).get();
  TRY(module_add(t, module, "profiler_entry", Value(g_entry_type)));
  g_subentry_type = TRY(struct_sequence_type(t, "_lsprof.profiler_subentry", nullptr, subentry, 5)).get();
  return module_add(t, module, "profiler_subentry", Value(g_subentry_type));
}

}  // namespace

extern const ModuleDef module__lsprof;
const ModuleDef module__lsprof = {"_lsprof", "Fast profiler", nullptr, initialise};

}  // namespace typhon
