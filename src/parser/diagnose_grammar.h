// Shared by diagnose.cpp and diagnose_grammar.cpp only.
#pragma once

namespace typhon::parser {

extern const char kDiagnosisGrammar[];

}  // namespace typhon::parser
