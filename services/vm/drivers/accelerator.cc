#include "services/vm/drivers/accelerator.h"

namespace pyro::vm {

std::string to_string(Accelerator accelerator) {
  return accelerator == Accelerator::kKvm ? "kvm" : "tcg";
}

}  // namespace pyro::vm
