#pragma once

#include <functional>

#include "common/api/environment.h"
#include "services/vm/drivers/driver.h"
#include "services/vm/drivers/qemu/command_line.h"

namespace pyro::vm::qemu {

/// Machines as QEMU microvms.
class QemuDriver : public Driver {
 public:
  struct Options {
    std::string program;
    std::string version;
    std::filesystem::path agent;
    std::filesystem::path cache_dir;
    Accelerator accelerator = Accelerator::kTcg;
    std::string accelerator_reason{};  ///< for the metadata; empty: none
    ConfinementForm confinement = ConfinementForm::kOff;
  };
  explicit QemuDriver(Options options) : options_(std::move(options)) {}

  Launch prepare(const api::Machine& machine, const api::BootFiles& boot,
                 const MachinePaths& paths) override;
  std::optional<TemplateShape> shape_of(const api::Machine& machine,
                                        const api::BootFiles& boot) const override;
  Launch prepare_template(const api::Machine& machine, const api::BootFiles& boot,
                          const MachinePaths& paths, const TemplateFiles& files) override;
  Launch prepare_restore(const api::Machine& machine, const api::BootFiles& boot,
                         const MachinePaths& paths, const TemplateFiles& files) override;

  /// A launch without disks: boots only until the agent answers.
  Launch prepare_probe(const api::BootFiles& boot) const;

 private:
  Plan plan_for(const api::BootFiles& boot) const;
  Plan plan_for(const api::Machine& machine, const api::BootFiles& boot,
                const MachinePaths& paths) const;
  Launch launch(const Plan& plan, std::string_view boot_mode) const;
  Options options_;
};

}  // namespace pyro::vm::qemu
