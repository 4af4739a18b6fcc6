// Runs the fuzz target once for each file named: typhon-fuzz-replay FILE... Files may hold many inputs: those that end in .inputs do,
// each after a line with its length in bytes. The last line says how many ran.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

size_t inputs_run = 0;

bool read_file(const char* path, std::string& out) {
  FILE* file = fopen(path, "rb");
  if (file == nullptr) return false;
  char buffer[65536];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, file)) > 0;) out.append(buffer, n);
  fclose(file);
  return true;
}

void run(const char* data, size_t size) {
  std::string copy(data, size);  // exactly as long as the input, for the sanitizers
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(copy.data()), size);
  inputs_run++;
}

// False when the file is not what its name says.
bool run_packed(const std::string& packed) {
  for (size_t at = 0; at < packed.size();) {
    char* end = nullptr;
    size_t size = strtoull(packed.c_str() + at, &end, 10);
    at = size_t(end - packed.c_str());
    if (at >= packed.size() || packed[at] != '\n' || packed.size() - at - 1 < size) return false;
    run(packed.data() + at + 1, size);
    at += 1 + size;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  for (int i = 1; i < argc; i++) {
    std::string data, name = argv[i];
    if (!read_file(argv[i], data)) {
      fprintf(stderr, "cannot read %s\n", argv[i]);
      return 2;
    }
    if (!name.ends_with(".inputs")) {
      run(data.data(), data.size());
    } else if (!run_packed(data)) {
      fprintf(stderr, "%s is damaged\n", argv[i]);
      return 2;
    }
  }
  printf("%zu inputs\n", inputs_run);
  fflush(stdout);
  _Exit(0);  // as the interpreter ends: no destructors under a running VM
}
