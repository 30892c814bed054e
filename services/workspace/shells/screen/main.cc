// pyro-screen COLS ROWS BEFORE
//
// Reads what a shell printed from standard input, and writes what a person sees of it to standard
// output: of the bytes behind the first BEFORE, on a terminal that has shown those. The bytes are a
// guest's, and libvterm was not written against hostile ones: once they are read, this process can
// do nothing any more but read, write and end.

#include <linux/seccomp.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/standard_descriptors.h"
#include "services/workspace/shells/plain.h"

namespace {

constexpr std::uint64_t kMostRead = 16U << 20U;
/// More than the largest screen and what may scroll from it take.
constexpr int kHeapBytes = 192 << 20;

/// All memory that will be needed, since none can be asked for later.
void take_memory() {
  ::mallopt(M_MMAP_THRESHOLD, kHeapBytes);
  ::mallopt(M_TRIM_THRESHOLD, kHeapBytes);
  ::mallopt(M_TOP_PAD, kHeapBytes);
  // Larger than what the heap has: so it grows now. Volatile, or the compiler leaves both out.
  void* volatile block = std::malloc(8U << 20U);
  std::free(block);
}

bool confine() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;  // their runtimes ask for more
#else
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0;
#endif
}

}  // namespace

int main(int argc, char** argv) {
  pyro::open_standard_descriptors();
  if (argc != 4) return 2;
  const pyro::workspace::TerminalSize size{
      .cols = static_cast<std::uint32_t>(std::strtoul(argv[1], nullptr, 10)),
      .rows = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10))};
  const std::string all = pyro::read_to_end(STDIN_FILENO, kMostRead);
  const std::size_t before = std::min(all.size(), std::strtoul(argv[3], nullptr, 10));
  take_memory();
  if (!confine()) return 3;
  int status = 0;
  try {
    const std::string_view bytes = all;
    pyro::write_all(STDOUT_FILENO, pyro::workspace::plain_text(bytes.substr(0, before),
                                                               bytes.substr(before), size));
  } catch (const std::exception&) {
    status = 1;
  }
  // exit_group(2) is none of what is left.
  ::syscall(SYS_exit, status);
}
