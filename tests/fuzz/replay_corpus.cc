#include <gtest/gtest.h>

#include <filesystem>

#include "common/base/files.h"

// NOLINTNEXTLINE(readability-redundant-declaration): only where sources are joined
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Where no libFuzzer is, every build still runs what the fuzzer has found worth keeping.
TEST(Corpus, every_input_kept_is_survived) {
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PYRO_CORPUS)) {
    const std::string input = pyro::read_file(entry.path());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}
