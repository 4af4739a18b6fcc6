// A driver for tests: parses files and prints ast.dump(), or the syntax error as Python's attributes.
//
//   dump [--mode exec|eval|single] [--no-attributes] [--names FILE] [--time] [--out DIR] [--list FILE] FILE...
//
// --names: lines "NAME=hex" for \N{NAME}. --out: one NNNNNN.txt per input instead of standard output.
// --list: a file with one input path per line.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "parser/dump.h"
#include "parser/parser.h"
#include "parser/tokenizer.h"

namespace {

using typhon::parser::Mode;
using typhon::parser::ParseOptions;
using typhon::parser::ParseResult;
using typhon::parser::SyntaxErrorInfo;

bool read_file(const std::string& path, std::string& out) {
  FILE* file = fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  char buffer[65536];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, file)) > 0;) out.append(buffer, n);
  fclose(file);
  return true;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::string text;
  read_file(path, text);
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<std::pair<std::string, uint32_t>> names;

typhon::parser::NameLookup lookup_name(void*, std::string_view name, uint32_t* code_point) {
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? char(c - 32) : c;
  auto it = std::lower_bound(names.begin(), names.end(), upper,
                             [](const auto& a, const std::string& b) { return a.first < b; });
  if (it == names.end() || it->first != upper) return typhon::parser::NameLookup::kUnknown;
  *code_point = it->second;
  return typhon::parser::NameLookup::kFound;
}

void load_names(const std::string& path) {
  for (const std::string& line : lines_of(path)) {
    size_t equal = line.find('=');
    names.emplace_back(line.substr(0, equal), uint32_t(strtoul(line.c_str() + equal + 1, nullptr, 16)));
  }
  std::sort(names.begin(), names.end());
}

std::string describe(const SyntaxErrorInfo& error) {
  static constexpr const char* kNames[] = {"SyntaxError", "IndentationError", "TabError",   "_IncompleteInputError",
                                           "MemoryError", "SyntaxError",      "SyntaxError"};
  std::string out = kNames[int(error.kind)];
  (out += "\t") += error.message;
  if (!error.has_position) return out + "\tNone\tNone\tNone\tNone\tNone\n";
  char buffer[128];
  snprintf(buffer, sizeof buffer, "\t%d\t%d\t%d\t%d\t", error.lineno, error.col, error.end_lineno, error.end_col);
  out += buffer;
  if (error.has_text) {
    typhon::ast::ConstantValue text;
    text.type = typhon::ast::ConstantValue::Type::kStr;
    text.text = error.text;
    out += typhon::ast::constant_repr(text);
  } else {
    out += "None";
  }
  return out + "\n";
}

}  // namespace

int main(int argc, char** argv) {
  ParseOptions options;
  options.is_bytes_source = true;
  options.unicode_name_lookup = lookup_name;
  typhon::ast::DumpOptions dump_options{true};
  std::vector<std::string> files;
  std::string out_dir;
  bool timing = false;
  bool warnings = false;
  for (int i = 1; i < argc; i++) {
    std::string arg = argv[i];
    if (arg == "--mode") {
      std::string mode = argv[++i];
      options.mode = mode == "eval"        ? Mode::kEval
                     : mode == "single"    ? Mode::kSingle
                     : mode == "func_type" ? Mode::kFunctionType
                                           : Mode::kExec;
    } else if (arg == "--no-attributes") {
      dump_options.include_attributes = false;
    } else if (arg == "--names") {
      load_names(argv[++i]);
    } else if (arg == "--time") {
      timing = true;
    } else if (arg == "--warnings") {
      warnings = true;
    } else if (arg == "--string") {
      options.is_bytes_source = false;
    } else if (arg == "--incomplete") {
      options.allow_incomplete_input = true;
    } else if (arg == "--no-dedent") {
      options.dont_imply_dedent = true;
    } else if (arg == "--out") {
      out_dir = argv[++i];
    } else if (arg == "--list") {
      for (std::string& line : lines_of(argv[++i])) files.push_back(std::move(line));
    } else {
      files.push_back(arg);
    }
  }
  size_t bytes = 0, failures = 0;
  double seconds = 0, token_seconds = 0;
  for (size_t i = 0; i < files.size(); i++) {
    std::string source;
    if (!read_file(files[i], source)) {
      fprintf(stderr, "cannot read %s\n", files[i].c_str());
      return 2;
    }
    typhon::Arena arena;
    using Clock = std::chrono::steady_clock;
    auto begin = Clock::now();
    ParseResult result = typhon::parser::parse(arena, source, options);
    seconds += std::chrono::duration<double>(Clock::now() - begin).count();
    bytes += source.size();
    failures += !result.ok;
    if (timing) {
      typhon::Arena token_arena;
      begin = Clock::now();
      auto prepared = typhon::parser::prepare_source(token_arena, source, options);
      typhon::parser::Tokenizer tokenizer(token_arena, prepared.text, {});
      typhon::parser::Token token;
      while (prepared.ok && tokenizer.next(token) && token.kind != typhon::parser::Tok::kEndMarker) {}
      token_seconds += std::chrono::duration<double>(Clock::now() - begin).count();
      continue;
    }
    std::string text = result.ok ? typhon::ast::dump(result.module, dump_options) + "\n" : describe(result.error);
    if (warnings) {
      for (const auto& w : result.warnings) {
        text += "W\t" + std::to_string(w.lineno) + "\t" + std::string(w.message) + "\n";
      }
    }
    FILE* out = stdout;
    if (!out_dir.empty()) {
      char name[32];
      snprintf(name, sizeof name, "/%06zu.txt", i);
      out = fopen((out_dir + name).c_str(), "wb");
    }
    fwrite(text.data(), 1, text.size(), out);
    if (out != stdout) fclose(out);
  }
  if (timing) {
    printf("%zu files, %zu bytes, %zu failures: parse %.1f MB/s, tokenise alone %.1f MB/s\n", files.size(), bytes,
           failures, double(bytes) / 1e6 / seconds, double(bytes) / 1e6 / token_seconds);
  }
  return 0;
}
