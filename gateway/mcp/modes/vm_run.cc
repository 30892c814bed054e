#include "gateway/mcp/modes/modes.h"

namespace pyro::mcp {

ToolSet vm_run() {
  return {
      .name = "vm-run",
      .tools = {"vm_run"},
      .workflow =
          "vm_run boots a fresh microVM, runs one shell command as root and deletes it. Each "
          "call starts from nothing: put all steps into one command, with && between them. "
          "debian:12 has git, python3 with pip and the usual tools; debian:12-build compilers, "
          "make, "
          "cmake, gdb and Node.js as well. A command runs until timeout_seconds at most. ",
  };
}

}  // namespace pyro::mcp
