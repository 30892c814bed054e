#include <fmt/core.h>
#include <unistd.h>

#include "common/api/msgpack_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/standard_descriptors.h"
#include "services/files/disk/answer.h"

/// `pyro-disk-reader`: answers one DiskQuestion from standard input. pyro-files starts it confined
/// (disk_reader.h), since a guest wrote the disks.
int main() {
  pyro::open_standard_descriptors();
  try {
    constexpr std::uint64_t kMostBytes = 1U << 16U;
    const auto question = pyro::api::from_msgpack<pyro::files::DiskQuestion>(
        pyro::read_to_end(STDIN_FILENO, kMostBytes), pyro::api::UnknownFields::kRefuse);
    pyro::write_all(STDOUT_FILENO, pyro::files::encoded(pyro::files::answer(question)));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
