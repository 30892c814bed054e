#include "services/vm/host_facts.h"

#include <sys/utsname.h>

#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::vm {

std::string host_boot_id() {
  return std::string(trim(read_file("/proc/sys/kernel/random/boot_id", 64)));
}

std::string host_kernel_release() {
  utsname names{};
  ::uname(&names);
  return names.release;
}

}  // namespace pyro::vm
