// _json: the module. The decoder is in scanner.cpp, the encoder in encoder.cpp.
#include "modules/_json/json.h"

namespace typhon {
namespace {

const Method kFunctions[] = {
    method("encode_basestring_ascii", json::encode_basestring_ascii, "($self, object, /)",
           "encode_basestring_ascii(string) -> string\n\nReturn an ASCII-only JSON representation of a Python string"),
    method("encode_basestring", json::encode_basestring, "($self, object, /)",
           "encode_basestring(string) -> string\n\nReturn a JSON representation of a Python string"),
    method("scanstring", json::scan_string, "(string, end, strict=True, /)",
           "scanstring(string, end, strict=True) -> (string, end)\n\nDecodes the JSON string whose text begins at `end`, behind the opening "
           "quote. Control characters\nin it are an error unless strict is false. Returns the string and the index behind the closing quote."),
    {},
};

Status initialise(Thread& t, Module* module) {
  if (json::g_scanner_type == nullptr) TRY(make_static_type(t, json::kScannerSpec, &json::g_scanner_type));
  if (json::g_encoder_type == nullptr) TRY(make_static_type(t, json::kEncoderSpec, &json::g_encoder_type));
  TRY(module_add(t, module, "make_scanner", Value(json::g_scanner_type)));
  return module_add(t, module, "make_encoder", Value(json::g_encoder_type));
}

}  // namespace

extern const ModuleDef module__json;
const ModuleDef module__json = {"_json", "json speedups\n", kFunctions, initialise};

}  // namespace typhon
