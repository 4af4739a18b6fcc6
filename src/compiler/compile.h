// The compiler's entry: a syntax tree to a Code. Called with the thread attached; raises SyntaxError (with its place),
// RecursionError or MemoryError. Runs Python code only to issue warnings.
#pragma once
#include <string_view>

#include "bytecode/code.h"
#include "parser/ast.h"
#include "value/ref.h"

namespace typhon {

struct Thread;

// Flags of compile(), as in CPython's PyCF_*; the future flags are code_flag::kFuture_*.
namespace compile_flag {
inline constexpr int kDontImplyDedent = 0x200, kOnlyAst = 0x400, kTypeComments = 0x1000,
                     kTopLevelAwait = 0x2000, kAllowIncomplete = 0x4000, kOptimizedAst = 0x8400,
                     kFutures = int(code_flag::kFuture_annotations);
}  // namespace compile_flag

// `mode` is only looked at to tell "single" from the others: the tree says the rest. `source` (UTF-8), where there is
// one, supplies the line that a SyntaxError shows.
Ref compile_ast(Thread& t, const ast::Mod* module, Value filename, const char* mode, int flags, int optimize,
                std::string_view source = {});

// SyntaxError(message, (filename, line, column, text, end_line, end_column)); columns count from 1, text may be EMPTY.
Raised raise_syntax_error(Thread& t, Type* type, std::string_view message, Value filename, i32 line, i32 column,
                          Value text, i32 end_line, i32 end_column);

// Issues a SyntaxWarning through the warnings module; installed by the runtime, null before that.
extern Status (*g_syntax_warning)(Thread& t, std::string_view message, Value filename, i32 line);

namespace compiler {

struct Pos;
class Reporter;
// The __future__ features that the module asks for; *last is the place of the last such import (line 0: none). Reports
// unknown features.
u32 future_features(const ast::Mod* module, Reporter& reporter, Pos* last);

}  // namespace compiler
}  // namespace typhon
