// sys.monitoring: the Python functions (the events themselves: interpreter/monitoring.cpp).
#include "interpreter/monitoring.h"

#include "modules/sys/sys.h"

namespace typhon {

namespace {

using monitoring::event_name;

constexpr u32 bit(MonitorEvent event) { return 1u << u32(event); }
constexpr u32 kAllEvents = (1u << kMonitorEvents) - 1;
constexpr u32 kNativeEnds = bit(MonitorEvent::kCReturn) | bit(MonitorEvent::kCRaise);
constexpr u32 kBranches = bit(MonitorEvent::kBranchLeft) | bit(MonitorEvent::kBranchRight);

GlobalRoot g_tool_names[kMonitorTools];

Result<u32> valid_tool(Thread& t, Value v) {
  i64 tool = TRY(to_i64(t, v));
  if (tool < 0 || tool >= i64(kMonitorTools))
    return raise(t, exc::ValueError, "invalid tool %zd (must be between 0 and 5)", tool);
  return u32(tool);
}
bool in_use(u32 tool) { return !g_tool_names[tool].get().is_empty(); }
Result<u32> used_tool(Thread& t, Value v) {
  u32 tool = TRY(valid_tool(t, v));
  if (!in_use(tool)) return raise(t, exc::ValueError, "tool %d is not in use", int(tool));
  return tool;
}

// A set of events as it is kept: the ends of native calls come with CALL, BRANCH is both its directions.
Result<u32> event_set(Thread& t, Value v, u32 allowed, const char* what) {
  i64 given = TRY(to_i64(t, v));
  if (given < 0 || given > i64(kAllEvents)) return raise(t, exc::ValueError, "invalid %s 0x%x", what, u64(u32(given)));
  u32 events = u32(given);
  u32 calls = kNativeEnds | bit(MonitorEvent::kCall);
  if ((events & kNativeEnds) && (events & calls) != calls)
    return raise(t, exc::ValueError, "cannot set C_RETURN or C_RAISE events independently");
  events &= ~kNativeEnds;
  if (events & bit(MonitorEvent::kBranch)) events = (events & ~bit(MonitorEvent::kBranch)) | kBranches;
  if (events & ~allowed) return raise(t, exc::ValueError, "invalid %s 0x%x", what, u64(events));
  return events;
}

Ref use_tool_id(Thread& t, Value, const Value* a) {
  u32 tool = TRY(valid_tool(t, a[0]));
  if (!is_str(a[1])) return raise(t, exc::ValueError, "tool name must be a str");
  if (in_use(tool)) return raise(t, exc::ValueError, "tool %d is already in use", int(tool));
  g_tool_names[tool].set(t, Ref::copy(a[1]));
  return Ref::none();
}
void clear(Thread& t, u32 tool) {
  for (u32 event = 0; event < kMonitorEvents; event++) monitoring::set_callback(t, tool, event, None);
  monitoring::clear_tool(t, tool);
}
Ref clear_tool_id(Thread& t, Value, const Value* a) {
  u32 tool = TRY(valid_tool(t, a[0]));
  if (in_use(tool)) clear(t, tool);
  return Ref::none();
}
Ref free_tool_id(Thread& t, Value, const Value* a) {
  u32 tool = TRY(valid_tool(t, a[0]));
  if (in_use(tool)) clear(t, tool);
  g_tool_names[tool].set(t, Ref());
  return Ref::none();
}
Ref get_tool(Thread& t, Value, const Value* a) {
  u32 tool = TRY(valid_tool(t, a[0]));
  return in_use(tool) ? Ref::copy(g_tool_names[tool].get()) : Ref::none();
}

Ref get_events(Thread& t, Value, const Value* a) { return int_from(t, monitoring::global_events(TRY(valid_tool(t, a[0])))); }
Ref set_events(Thread& t, Value, const Value* a) {
  u32 tool = TRY(valid_tool(t, a[0]));
  u32 events = TRY(event_set(t, a[1], kAllEvents, "event set"));
  if (!in_use(tool)) return raise(t, exc::ValueError, "tool %d is not in use", int(tool));
  monitoring::set_global_events(t, tool, events);
  return Ref::none();
}
Ref get_local_events(Thread& t, Value, const Value* a) {
  u32 tool = TRY(valid_tool(t, a[0]));
  if (!is_exact(a[1], kShape_code)) return raise(t, exc::TypeError, "code must be a code object");
  return int_from(t, monitoring::local_events(tool, a[1].as<Code>()));
}
Ref set_local_events(Thread& t, Value, const Value* a) {
  u32 tool = TRY(used_tool(t, a[0]));
  if (!is_exact(a[1], kShape_code)) return raise(t, exc::TypeError, "code must be a code object");
  u32 events = TRY(event_set(t, a[2], (1u << kLocalMonitorEvents) - 1, "local event set"));
  monitoring::set_local_events(t, tool, a[1].as<Code>(), events);
  return Ref::none();
}
Ref restart_events(Thread&, Value, const Value*) {
  monitoring::restart_events();
  return Ref::none();
}

Ref register_callback(Thread& t, Value, const Value* a) {
  u32 tool = TRY(valid_tool(t, a[0]));
  i64 event = TRY(to_i64(t, a[1]));
  if (event <= 0 || std::popcount(u64(event)) != 1)
    return raise(t, exc::ValueError, "The callback can only be set for one event at a time");
  if (event > i64(kAllEvents)) return raise(t, exc::ValueError, "invalid event %zd", event);
  u32 index = u32(std::countr_zero(u64(event)));
  RefTo<Str> name = TRY(str_from_ascii(t, "sys.monitoring.register_callback"));
  RefTo<Tuple> told = TRY(tuple_of(t, a[2]));
  TRY(run_audit_hooks(t, name.value(), told.value()));
  Ref before = monitoring::callback(tool, index);
  if (index == u32(MonitorEvent::kBranch) || ((1u << index) & kBranches)) monitoring::g_both_branches[tool] = index == u32(MonitorEvent::kBranch);
  if (index == u32(MonitorEvent::kBranch)) {
    before = monitoring::callback(tool, u32(MonitorEvent::kBranchLeft));
    monitoring::set_callback(t, tool, u32(MonitorEvent::kBranchLeft), a[2]);
    monitoring::set_callback(t, tool, u32(MonitorEvent::kBranchRight), a[2]);
  } else {
    monitoring::set_callback(t, tool, index, a[2]);
  }
  return before.is_empty() ? Ref::none() : std::move(before);
}

Ref all_events(Thread& t, Value, const Value*) {
  RefTo<Dict> events = TRY(dict_new(t));
  for (u32 e = 0; e <= u32(MonitorEvent::kReraise); e++) {
    u8 tools = monitoring::global_tools(e);
    if (tools != 0) TRY(dict_set_str(t, events.get(), str_immortal(t, event_name(e)), Value::small_int(tools)));
  }
  return events;
}

constexpr Method kFunctions[] = {
    method("use_tool_id", use_tool_id, "($module, tool_id, name, /)"),
    method("clear_tool_id", clear_tool_id, "($module, tool_id, /)"),
    method("free_tool_id", free_tool_id, "($module, tool_id, /)"),
    method("get_tool", get_tool, "($module, tool_id, /)"),
    method("register_callback", register_callback, "($module, tool_id, event, func, /)"),
    method("get_events", get_events, "($module, tool_id, /)"),
    method("set_events", set_events, "($module, tool_id, event_set, /)"),
    method("get_local_events", get_local_events, "($module, tool_id, code, /)"),
    method("set_local_events", set_local_events, "($module, tool_id, code, event_set, /)"),
    method("restart_events", restart_events, "($module, /)"),
    method("_all_events", all_events, "($module, /)"),
    {},
};
constexpr ModuleDef kMonitoring = {"sys.monitoring", nullptr, kFunctions};

}  // namespace

Status sys_add_monitoring(Thread& t, Module* sys) {
  Ref made = TRY(module_from_definition(t, kMonitoring));
  Module* module = made.as<Module>();
  RefTo<Dict> events = TRY(dict_new(t));
  for (u32 e = 0; e < kMonitorEvents; e++)
    TRY(dict_set_str(t, events.get(), str_immortal(t, event_name(e)), Value::small_int(1 << e)));
  TRY(dict_set_str(t, events.get(), str_immortal(t, "NO_EVENTS"), Value::small_int(0)));
  TRY(module_add(t, module, "events", simple_namespace_new(t, events.get())));
  for (auto [name, root] : {std::pair{"DISABLE", &monitoring::g_disable}, std::pair{"MISSING", &monitoring::g_missing}}) {
    root->set(t, TRY(call(t, Value(types::object))));
    TRY(module_add(t, module, name, root->get()));
  }
  TRY(module_add_int(t, module, "DEBUGGER_ID", 0));
  TRY(module_add_int(t, module, "COVERAGE_ID", 1));
  TRY(module_add_int(t, module, "PROFILER_ID", 2));
  TRY(module_add_int(t, module, "OPTIMIZER_ID", 5));
  return module_add(t, sys, "monitoring", std::move(made));
}

}  // namespace typhon
