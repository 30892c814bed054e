#include "common/guest/silent_guest.h"

#include "common/base/reasons/machine.h"

namespace pyro {

Error with_way_out(const Error& error) {
  if (error.reason() != reason::kGuestSilent) return error;
  return {error.code(), error.reason(),
          fmt::format("{}: the guest is overloaded, or a part of it hangs. If it stays so, cancel "
                      "what runs in it (also a command that has ended, for what it left running), "
                      "or stop or reset the workspace",
                      error.message())};
}

}  // namespace pyro
