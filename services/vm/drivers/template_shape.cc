#include "services/vm/drivers/template_shape.h"

#include <vector>

#include "common/api/json_codec.h"
#include "common/api/message_table.h"
#include "common/base/text.h"
#include "common/digest/sha256.h"

namespace pyro::vm {

std::string TemplateShape::key() const { return sha256_of_text(api::to_json_text(*this)); }

std::string TemplateShape::difference_to(const TemplateShape& other) const {
  std::vector<std::string> names;
  const auto compare = [&](auto TemplateShape::*member, const char* name) {
    if (this->*member != other.*member) names.emplace_back(name);
  };
  compare(&TemplateShape::environment_digest, "the environment");
  compare(&TemplateShape::kernel_digest, "the kernel");
  compare(&TemplateShape::initramfs, "the agent");
  compare(&TemplateShape::vcpu_count, "the number of CPUs");
  compare(&TemplateShape::mem_mib, "the memory");
  compare(&TemplateShape::accelerator, "the accelerator");
  compare(&TemplateShape::vmm_version, "the VMM");
  compare(&TemplateShape::host_cpu, "the host's processor");
  // For a difference that the others do not explain.
  if (names.empty()) compare(&TemplateShape::command_line, "the VMM's command line");
  return join(names, ", ");
}

}  // namespace pyro::vm

PYRO_TABLE(pyro::vm::TemplateShape)
