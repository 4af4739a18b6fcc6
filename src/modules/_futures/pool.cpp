// The hot paths of concurrent.futures.ThreadPoolExecutor: submit(), the work item, and the loop of a worker thread.
#include "modules/_futures/futures.h"

#include "modules/_queue.h"
#include "modules/_thread/thread_module.h"

namespace typhon::futures {

namespace {

GlobalRoot g_thread_module;  // the namespace of concurrent.futures.thread
Type* g_work_item_type;

#define TYPHON_POOL_NAMES(NAME)                                                                                              \
  NAME(BROKEN) NAME(_adjust_thread_count) NAME(_broken) NAME(_cond) NAME(_create_worker_context) NAME(_global_shutdown_lock)   \
  NAME(_idle_semaphore) NAME(_initializer_failed) NAME(_lock) NAME(_max_workers) NAME(_resolve_work_item_task) NAME(_shutdown) \
  NAME(_shutdown_lock) NAME(_threads) NAME(_value) NAME(_waiters) NAME(_work_queue) NAME(critical) NAME(finalize)             \
  NAME(initialize) NAME(initializer) NAME(put) NAME(release) NAME(run) NAME(set_exception) NAME(set_result)                   \
  NAME(set_running_or_notify_cancel) NAME(ThreadPoolExecutor) NAME(WorkerContext) NAME(_WorkItem) NAME(_worker) NAME(submit)
#define TYPHON_DEFINE(id) Str* n_##id;
TYPHON_POOL_NAMES(TYPHON_DEFINE)
#undef TYPHON_DEFINE

Ref module_attribute(Thread& t, Str* name) {
  Ref found = dict_get_str(t, g_thread_module.as<Dict>(), name);
  if (found.is_empty()) return raise_name_error(t, name);
  return found;
}

// --- the work item
// `task` is what the executor's context made of the call; the plain context's (function, args, kwargs) is kept apart.
struct WorkItem : Object {
  Field future;
  Field task;  // EMPTY: the three below
  Field function, args, keywords;
};
WorkItem* item_of(Value v) { return v.as<WorkItem>(); }
void visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<WorkItem*>(self)->future, 5); }

Ref task_of(Thread& t, WorkItem* item) {
  Ref task = item->task.load();
  if (!task.is_empty()) return task;
  Ref function = item->function.load(), args = item->args.load(), keywords = item->keywords.load();
  if (function.is_empty()) return Ref::none();
  if (keywords.is_empty()) keywords = TRY(dict_new(t));
  return tuple_of(t, function.get(), args.get(), keywords.get());
}

bool is_plain_context(Thread& t, Value context) {
  Value type = dict_peek_str(g_thread_module.as<Dict>(), n_WorkerContext);
  return context.is_object() && !type.is_empty() && Value(type_of(context)).same_word(type);
}

Ref do_work(Thread& t, WorkItem* item, Value context) {
  Ref function = item->function.load();
  if (function.is_empty() || !is_plain_context(t, context)) {
    Ref task = TRY(task_of(t, item));
    return call_method_with(t, context, n_run, task);
  }
  Ref args = item->args.load(), keywords = item->keywords.load();
  if (!keywords.is_empty()) return call_tuple_dict(t, function.get(), args.get(), keywords.get());
  Tuple* tuple = args.as<Tuple>();
  return call(t, function.get(), Args{reinterpret_cast<const Value*>(tuple->items), u32(tuple->size)});
}

TYPHON_NOINLINE Status run_item(Thread& t, Value self, Value context) {
  Ref future = item_of(self)->future.load();
  bool native = is_exact_future(future.get());
  if (native) {
    if (!TRY(start_running(t, future.get()))) return ok();
  } else {
    Ref started = TRY(call_method(t, future.get(), n_set_running_or_notify_cancel, nullptr, 0));
    if (!TRY(truth(t, started.get()))) return ok();
  }
  Ref result = do_work(t, item_of(self), context);
  if (!result.failed()) {
    if (native) return set_result(t, future.get(), result.get());
    TRY(call_method_with(t, future.get(), n_set_result, result));
    return ok();
  }
  Ref exception = take_exception(t);
  if (native) return set_exception(t, future.get(), exception.get());
  TRY(call_method_with(t, future.get(), n_set_exception, exception));
  return ok();
}
Ref m_run(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self);
  TRY(run_item(t, self, a[0]));
  return Ref::none();
}
Ref g_future(Thread&, Value self) {
  Ref v = item_of(self)->future.load();
  return v.is_empty() ? Ref::none() : std::move(v);
}
Ref g_task(Thread& t, Value self) { return task_of(t, item_of(self)); }
Ref new_item(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(future, task)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "_WorkItem", args, a, &keep));
  Ref self = TRY(allocate_instance(t, cls));
  item_of(self)->future.init(self.object(), a[0]);
  item_of(self)->task.init(self.object(), a[1]);
  return self;
}
const Method kItemMethods[] = {
    method("run", m_run, "($self, ctx)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)"),
    {},
};
const GetSet kItemGetSets[] = {{"future", g_future}, {"task", g_task}, {}};
const TypeSpec kItemSpec = {
    .name = "concurrent.futures.thread._WorkItem",
    .layout = {"_WorkItem", sizeof(WorkItem), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref,
    .slots = {.new_ = new_item},
    .methods = kItemMethods,
    .getsets = kItemGetSets,
};

// --- the count of idle workers: a threading.Semaphore whose lock is taken here without its methods

// The semaphore's lock; EMPTY when it is not of the kind that threading makes.
Ref semaphore_lock(Thread& t, Value semaphore) {
  Ref condition = get_attribute_or_empty(t, semaphore, n__cond);
  if (condition.failed() || condition.is_empty()) return condition;
  Ref lock = get_attribute_or_empty(t, condition.get(), n__lock);
  if (lock.failed() || is_lock(lock.get())) return lock;
  return Ref();
}

// acquire(timeout=0)
Result<bool> take_idle(Thread& t, Value semaphore) {
  Ref lock = TRY(semaphore_lock(t, semaphore));
  Ref value = TRY(get_attribute(t, semaphore, n__value));
  if (value.get().is_small_int() && value.get().as_small_int() == 0) return false;
  if (lock.is_empty()) return true;  // somebody else's: _adjust_thread_count decides
  HeldLock held;
  TRY(held.acquire(t, lock.get()));
  value = TRY(get_attribute(t, semaphore, n__value));
  if (!value.get().is_small_int() || value.get().as_small_int() <= 0) return false;
  TRY(set_attribute(t, semaphore, n__value, Value::small_int(value.get().as_small_int() - 1)));
  return true;
}

// release()
Status give_idle(Thread& t, Value executor) {
  Ref semaphore = TRY(get_attribute(t, executor, n__idle_semaphore));
  Ref lock = TRY(semaphore_lock(t, semaphore.get()));
  if (!lock.is_empty()) {
    Ref condition = TRY(get_attribute(t, semaphore.get(), n__cond));
    HeldLock held;
    TRY(held.acquire(t, lock.get()));
    Ref waiters = TRY(get_attribute(t, condition.get(), n__waiters));
    Ref value = TRY(get_attribute(t, semaphore.get(), n__value));
    if (!TRY(truth(t, waiters.get())) && value.get().is_small_int())
      return set_attribute(t, semaphore.get(), n__value, Value::small_int(value.get().as_small_int() + 1));
  }
  TRY(call_method(t, semaphore.get(), n_release, nullptr, 0));
  return ok();
}

// --- submit

bool is_plain_executor(Value executor) {
  Value type = dict_peek_str(g_thread_module.as<Dict>(), n_ThreadPoolExecutor);
  return !type.is_empty() && Value(type_of(executor)).same_word(type);
}

Status adjust_thread_count(Thread& t, Value executor) {
  if (is_plain_executor(executor)) {
    Ref threads = TRY(get_attribute(t, executor, n__threads));
    Ref most = TRY(get_attribute(t, executor, n__max_workers));
    Ref semaphore = TRY(get_attribute(t, executor, n__idle_semaphore));
    bool full = is_set(threads.get()) && most.get().is_small_int() && i64(set_size(threads.as<Set>())) >= most.get().as_small_int();
    if (TRY(take_idle(t, semaphore.get())) || full) return ok();
  }
  TRY(call_method(t, executor, n__adjust_thread_count, nullptr, 0));
  return ok();
}

// Whether this is the function that the plain WorkerContext.prepare() makes for an executor: it gives back its arguments.
bool keeps_arguments(Thread& t, Value resolve) {
  static GlobalRoot known;
  if (!is_function(resolve)) return false;
  Value code = resolve.as<Function>()->code.peek();
  if (code.same_word(known.get())) return true;
  if (!known.get().is_empty()) return false;
  Utf8Buffer buffer;
  if (str_utf8(function_qualname(resolve.as<Function>()).as<Str>(), buffer) != "WorkerContext.prepare.<locals>.resolve_task") return false;
  if (!resolve.as<Function>()->globals.peek().same_word(g_thread_module.get())) return false;
  known.set(t, Ref::copy(code));
  return true;
}

// The arguments of submit() behind the function.
Ref make_item(Thread& t, Value executor, Value future, Value function, Args args) {
  Ref resolve = TRY(get_attribute(t, executor, n__resolve_work_item_task));
  RefTo<Tuple> positional = TRY(tuple_from(t, args.values, args.count));
  Ref keywords;
  if (args.keyword_count != 0) {
    RefTo<Dict> dict = TRY(dict_new(t, args.keyword_count));
    for (u32 i = 0; i < args.keyword_count; i++) TRY(dict_set_py(t, dict.get(), args.names->items[i].peek(), args.keyword(i)));
    keywords = std::move(dict);
  }
  Ref task;
  if (!keeps_arguments(t, resolve.get())) {
    if (keywords.is_empty()) keywords = TRY(dict_new(t));
    task = TRY(call_with(t, resolve.get(), function, positional, keywords));
  }
  auto* item = allocate_native<WorkItem>(t, g_work_item_type);
  Ref result = Ref::adopt(Value(item));
  item->future.init(item, future);
  if (!task.is_empty()) {
    item->task.init(item, std::move(task));
  } else {
    item->function.init(item, function);
    item->args.init(item, std::move(positional));
    if (!keywords.is_empty()) item->keywords.init(item, std::move(keywords));
  }
  return result;
}

Ref m_submit(Thread& t, Value self, Args args) {
  if (args.count == 0)
    return raise(t, exc::TypeError, "ThreadPoolExecutor.submit() missing 1 required positional argument: 'fn'");
  Ref own_lock = TRY(get_attribute(t, self, n__shutdown_lock)), global_lock = TRY(module_attribute(t, n__global_shutdown_lock));
  if (!is_lock(own_lock.get()) || !is_lock(global_lock.get()))
    return raise(t, exc::TypeError, "the locks of a ThreadPoolExecutor must be threading.Lock objects");
  HeldLock own, global;
  TRY(own.acquire(t, own_lock.get()));
  TRY(global.acquire(t, global_lock.get()));
  Ref broken = TRY(get_attribute(t, self, n__broken));
  if (TRY(truth(t, broken.get()))) {
    Ref type = TRY(get_attribute(t, self, n_BROKEN));
    return raise_exception(t, TRY(call_with(t, type.get(), broken.get())));
  }
  Ref down = TRY(get_attribute(t, self, n__shutdown)), all_down = TRY(module_attribute(t, n__shutdown));
  if (TRY(truth(t, down.get()))) return raise(t, exc::RuntimeError, "cannot schedule new futures after shutdown");
  if (TRY(truth(t, all_down.get()))) return raise(t, exc::RuntimeError, "cannot schedule new futures after interpreter shutdown");
  RefTo<Future> future = TRY(future_new(t));
  Ref item = TRY(make_item(t, self, future, args[0], args.without_first()));
  Ref queue = TRY(get_attribute(t, self, n__work_queue));
  if (is_simple_queue(queue.get()))
    TRY(simple_queue_put(t, queue.get(), item.get()));
  else
    TRY(call_method_with(t, queue.get(), n_put, item));
  TRY(adjust_thread_count(t, self));
  return future;
}
const Method kSubmit = raw_method("submit", m_submit, "($self, fn, /, *args, **kwargs)",
                                  "Submits a callable to be executed with the given arguments.\n\nSchedules fn(*args, **kwargs) and "
                                  "returns a Future that stands for the call.");

// --- the worker

// The stack of a thread that waits is scanned conservatively. An executor or a result of which a copy is left there would live until
// the worker gets its next item: so what may hold one has a frame of its own, and what those frames leave behind is wiped.
TYPHON_NOINLINE void wipe_stack_below() {
  volatile u64 words[1024];
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) words[i] = 0;
}

TYPHON_NOINLINE Status announce_idle(Thread& t, Value executor_reference) {
  Ref executor = TRY(call(t, executor_reference));
  return executor.get().is_none() ? ok() : give_idle(t, executor.get());
}

// The next item, None when it is time to look whether to end.
TYPHON_NOINLINE Ref next_item(Thread& t, Value executor_reference, Value queue) {
  Ref item = TRY(simple_queue_take(t, queue, false));
  if (!item.is_empty()) return item;
  TRY(announce_idle(t, executor_reference));
  wipe_stack_below();
  return simple_queue_take(t, queue, true);
}

// True when the worker must end.
TYPHON_NOINLINE Result<bool> must_end(Thread& t, Value executor_reference, Value queue) {
  Ref executor = TRY(call(t, executor_reference)), all_down = TRY(module_attribute(t, n__shutdown));
  bool lost = executor.get().is_none();
  if (!lost && !TRY(truth(t, all_down.get()))) {
    Ref down = TRY(get_attribute(t, executor.get(), n__shutdown));
    if (!TRY(truth(t, down.get()))) return false;
  }
  if (!lost) TRY(set_attribute(t, executor.get(), n__shutdown, True));
  TRY(simple_queue_put(t, queue, None));  // for the others
  return true;
}

// Takes an item and deals with it; true when the worker must end.
TYPHON_NOINLINE Result<bool> work_once(Thread& t, Value executor_reference, Value context, Value queue) {
  Ref item = TRY(next_item(t, executor_reference, queue));
  if (item.get().is_none()) return must_end(t, executor_reference, queue);
  if (type_of(item.get()) == g_work_item_type)
    TRY(run_item(t, item.get(), context));
  else
    TRY(call_method_with(t, item.get(), n_run, context));
  return false;
}

Status work(Thread& t, Value executor_reference, Value context, Value queue) {
  while (!TRY(work_once(t, executor_reference, context, queue))) TRY(safepoint(t));
  return ok();
}

Ref f_worker(Thread& t, Value, const Value* a) {
  Value reference = a[0], context = a[1], queue = a[2];
  if (!is_simple_queue(queue)) return raise(t, exc::TypeError, "the work queue of a ThreadPoolExecutor must be a queue.SimpleQueue");
  if (call_method(t, context, n_initialize, nullptr, 0).failed()) {
    TRY(log_pending(t, n_critical, "Exception in initializer:"));
    Ref executor = TRY(call(t, reference));
    if (!executor.get().is_none()) TRY(call_method(t, executor.get(), n__initializer_failed, nullptr, 0));
    return Ref::none();
  }
  Status status = work(t, reference, context, queue);
  if (status.failed()) status = log_pending(t, n_critical, "Exception in worker");
  Ref raised = status.failed() ? take_exception(t) : Ref();
  TRY(call_method(t, context, n_finalize, nullptr, 0));
  if (raised.is_empty()) return Ref::none();
  restore_exception(t, std::move(raised));
  return Ref::error();
}
const Method kWorker = method("_worker", f_worker, "(executor_reference, ctx, work_queue)");

}  // namespace

Status accelerate_thread_pool(Thread& t, Dict* globals) {
  if (g_future_type == nullptr || !g_thread_module.get().is_empty()) return ok();
#define TYPHON_MAKE(id) n_##id = str_immortal(t, #id);
  TYPHON_POOL_NAMES(TYPHON_MAKE)
#undef TYPHON_MAKE
  if (g_work_item_type == nullptr) TRY(make_static_type(t, kItemSpec, &g_work_item_type));
  g_thread_module.set(t, Ref::copy(Value(globals)));
  TRY(dict_set_str(t, globals, n__WorkItem, Value(g_work_item_type)));
  RefTo<Str> module = TRY(str_from_ascii(t, "concurrent.futures.thread"));
  Ref worker = TRY(native_function_new(t, &kWorker, EMPTY, module));
  TRY(dict_set_str(t, globals, n__worker, worker.get()));
  Ref executor = dict_get_str(t, globals, n_ThreadPoolExecutor);
  if (!is_type(executor.get())) return ok();
  return type_add_method(t, executor.as<Type>(), &kSubmit);
}

}  // namespace typhon::futures
