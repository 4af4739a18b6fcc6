// _tracemalloc: the interface of tracing, without tracing. Allocations are not traced, so start() raises; everything else
// answers as it does while nothing is traced, which is what warnings and unittest ask for.
#include <climits>

#include "objects/module.h"

namespace typhon {
namespace {

constexpr i64 kMostFrames = 65535;

Ref is_tracing(Thread&, Value, const Value*) { return Ref::boolean(false); }
Ref nothing(Thread&, Value, const Value*) { return Ref::none(); }
Ref get_traces(Thread& t, Value, const Value*) { return TRY(list_new(t)).release_ref(); }
Ref start(Thread& t, Value, const Value* a) {
  i64 frames = a[0].is_empty() ? 1 : TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (frames < INT_MIN || frames > INT_MAX) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  if (frames < 1 || frames > kMostFrames) return raise(t, exc::ValueError, "the number of frames must be in range [1; %d]", int(kMostFrames));
  return raise_not_there(t, "tracemalloc.start()");
}
Ref get_traceback_limit(Thread&, Value, const Value*) { return Ref::adopt(Value::small_int(1)); }
Ref get_tracemalloc_memory(Thread&, Value, const Value*) { return Ref::adopt(Value::small_int(0)); }
Ref get_traced_memory(Thread& t, Value, const Value*) {
  return TRY(tuple_of(t, Value::small_int(0), Value::small_int(0))).release_ref();
}

const Method kMethods[] = {
    method("is_tracing", is_tracing, "($module, /)", "Whether memory allocations are being traced."),
    method("clear_traces", nothing, "($module, /)", "Forget the traces taken so far."),
    method("_get_traces", get_traces, "($module, /)", "A list of (size, traceback, ...) tuples; empty while nothing is traced."),
    method("_get_object_traceback", nothing, "($module, obj, /)",
           "Where obj was allocated, as a tuple of (filename, lineno) tuples; None while nothing is traced."),
    method("start", start, "($module, nframe=1, /)", "Start tracing, with up to nframe frames to a traceback."),
    method("stop", nothing, "($module, /)", "Stop tracing and forget the traces."),
    method("get_traceback_limit", get_traceback_limit, "($module, /)", "The most frames that the traceback of a trace has."),
    method("get_tracemalloc_memory", get_tracemalloc_memory, "($module, /)", "How many bytes the module itself uses for traces."),
    method("get_traced_memory", get_traced_memory, "($module, /)", "(current, peak) size in bytes of the traced blocks."),
    method("reset_peak", nothing, "($module, /)", "Make the peak size the current size."),
    {},
};

}  // namespace

extern const ModuleDef module__tracemalloc;
const ModuleDef module__tracemalloc = {"_tracemalloc", "Debug module to trace memory blocks allocated by Python.", kMethods, nullptr};

}  // namespace typhon
