#include "compiler/compile.h"

#include <cstdarg>
#include <cstdio>

#include "compiler/codegen.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Status (*g_syntax_warning)(Thread& t, std::string_view message, Value filename, i32 line) = nullptr;

Raised raise_syntax_error(Thread& t, Type* type, std::string_view message, Value filename, i32 line, i32 column,
                          Value text, i32 end_line, i32 end_column) {
  RefTo<Str> msg = str_from_utf8(t, message);
  if (msg.failed()) return Raised{};
  Value shown = text.is_empty() ? None : text;
  bool has_end = column >= 0 || end_line != 0;
  RefTo<Tuple> place = has_end ? tuple_of(t, filename, Value::small_int(line), Value::small_int(column), shown,
                                          Value::small_int(end_line), Value::small_int(end_column))
                               : tuple_of(t, filename, Value::small_int(line), Value::small_int(column), shown);
  if (place.failed()) return Raised{};
  Ref exception = call_with(t, Value(type), msg, place);
  if (exception.failed()) return Raised{};
  return raise_exception(t, std::move(exception));
}

namespace {

using namespace compiler;

class CompileReporter final : public Reporter {
 public:
  CompileReporter(Thread& t, Value filename, std::string_view source)
      : thread_(t), filename_(filename), source_(source) {}

  void error(Pos pos, const char* format, ...) override {
    if (failed_) return;
    failed_ = true;
    if (exception_pending(thread_)) return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t size = size_t(n < 0 ? 0 : n >= int(sizeof text) ? int(sizeof text) - 1 : n);
    // A name that was cut must not end in the middle of a character.
    while (n > int(size) && size > 0 && (text[size - 1] & 0x80)) size--;
    raise({text, size}, pos);
  }

  void warn(Pos pos, const char* format, ...) override {
    if (failed_ || g_syntax_warning == nullptr) return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!g_syntax_warning(thread_, text, filename_, pos.line).failed()) return;
    failed_ = true;
    // A filter that makes an error of the warning makes a SyntaxError of it.
    if (!pending_matches(thread_, exc::SyntaxWarning)) return;
    clear_exception(thread_);
    raise(text, pos);
  }

  bool failed() const override { return failed_; }

  bool deep(bool too_deep) override {
    if (failed_) [[unlikely]]
      return true;
    if (!too_deep && !native_stack_low(thread_)) [[likely]]
      return false;
    failed_ = true;
    (void)typhon::raise(thread_, exc::RecursionError, "maximum recursion depth exceeded during compilation");
    return true;
  }

 private:
  void raise(std::string_view message, Pos pos) {
    Ref line;
    if (!source_.empty() && pos.line > 0) {
      size_t start = 0;
      for (i32 i = 1; i < pos.line && start != source_.npos; i++) {
        start = source_.find('\n', start);
        if (start != source_.npos) start++;
      }
      if (start < source_.size()) {
        size_t end = source_.find('\n', start);
        line = str_from_utf8(thread_, source_.substr(start, end == source_.npos ? end : end + 1 - start));
      }
    }
    if (line.failed()) return;
    (void)raise_syntax_error(thread_, exc::SyntaxError, message, filename_, pos.line, pos.column + 1, line,
                             pos.end_line, pos.end_column + 1);
  }

  Thread& thread_;
  Value filename_;
  std::string_view source_;
  bool failed_ = false;
};

}  // namespace

Ref compile_ast(Thread& t, const ast::Mod* module, Value filename, const char* mode, int flags, int optimize,
                std::string_view source) {
  CompileReporter reporter(t, filename, source);
  Arena arena;
  NameTable names(t);
  Pos future_end{};
  u32 features = future_features(module, reporter, &future_end) | (u32(flags) & u32(compile_flag::kFutures));
  if (reporter.failed()) return Ref::error();
  bool top_level_await = flags & compile_flag::kTopLevelAwait;
  SymbolTable symbols(arena, names, reporter, features & code_flag::kFuture_annotations, top_level_await);
  if (!symbols.build(module)) return Ref::error();
  Codegen generator(t, arena, names, symbols, reporter, filename, optimize < 0 ? 0 : optimize, features, future_end,
                    top_level_await);
  Ref code = generator.module(module);
  if (reporter.failed() || code.failed() || code.is_empty()) {
    if (!exception_pending(t)) return raise(t, exc::SystemError, "compilation failed without an exception");
    return Ref::error();
  }
  return code;
}

}  // namespace typhon
