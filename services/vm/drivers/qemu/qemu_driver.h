#pragma once

#include <functional>

#include "common/api/environment.h"
#include "services/vm/accelerator.h"
#include "services/vm/drivers/driver.h"

namespace pyro::vm::qemu {

/// Machines as QEMU microvms.
class QemuDriver : public Driver {
 public:
  struct Options {
    std::string program;
    std::string version;
    std::filesystem::path agent;
    std::filesystem::path cache_dir;
    AcceleratorVerdict accelerator;
  };
  explicit QemuDriver(Options options) : options_(std::move(options)) {}

  Launch prepare(const MachineRecord& record, const MachinePaths& paths) override;
  std::optional<TemplateShape> shape_of(const MachineRecord& record) const override;
  Launch prepare_template(const MachineRecord& record, const MachinePaths& paths,
                          const TemplateFiles& files) override;
  Launch prepare_restore(const MachineRecord& record, const MachinePaths& paths,
                         const TemplateFiles& files) override;

  /// A launch without disks: it boots to an agent that answers, and no further.
  Launch prepare_probe(const api::BootFiles& boot, const MachinePaths& paths) const;

 private:
  Plan plan_for(const api::BootFiles& boot, const MachinePaths& paths) const;
  Plan plan_for(const MachineRecord& record, const MachinePaths& paths) const;
  Launch launch(const Plan& plan, std::string_view boot_mode) const;
  Options options_;
};

}  // namespace pyro::vm::qemu
