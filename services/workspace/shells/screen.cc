#include "services/workspace/shells/screen.h"

#include <sys/mman.h>

#include <filesystem>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"
#include "common/process/child_process.h"

namespace pyro::workspace {
namespace {

constexpr std::chrono::seconds kDrawLimit{10};
constexpr std::uint64_t kMostText = 32U << 20U;
constexpr std::uint64_t kAddressSpace = 1U << 30U;

/// Beside this program when built, in libexec when installed.
std::filesystem::path screen_program() {
  constexpr const char* kName = "pyro-screen";
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const auto& candidate : {here / kName, here / "../libexec/pyro" / kName}) {
    if (find_program(candidate.string())) return candidate;
  }
  throw failed_precondition(reason::kNotInstalled,
                            "'{}' is not installed beside '{}': install pyro again", kName,
                            here.string());
}

UniqueFd memory_file(const char* name) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) throw system_error("memfd_create");
  return file;
}

void rewind(int fd) {
  if (::lseek(fd, 0, SEEK_SET) != 0) throw system_error("lseek");
}

}  // namespace

std::string screen_text(std::string_view before, std::string_view output, TerminalSize size,
                        const Work& work) {
  const UniqueFd input = memory_file("printed");
  const UniqueFd text = memory_file("screen");
  write_all(input.get(), before);
  write_all(input.get(), output);
  rewind(input.get());
  Command command{.argv = {screen_program().string(), std::to_string(size.cols),
                           std::to_string(size.rows), std::to_string(before.size())},
                  .descriptors = {{0, input.get()}, {1, text.get()}}};
  command.limits = {.address_space_bytes = kAddressSpace, .file_size_bytes = kMostText};
  ChildProcess child(command);
  const auto ended = child.wait(work.within(kDrawLimit).deadline, StopFd(work.stop));
  if (!ended || !ended->ok()) {
    throw internal_error(
        "the screen of this output cannot be drawn: read it without plain, or from a later cursor");
  }
  rewind(text.get());
  return to_valid_utf8(read_to_end(text.get(), kMostText));
}

}  // namespace pyro::workspace
