#pragma once

#include <filesystem>

#include "common/config/paths.h"
#include "common/ownership/owned_directories.h"
#include "common/work/work.h"
#include "services/vm/boot/guest_limits.h"
#include "services/vm/drivers/driver.h"
#include "services/vm/machine_record.h"
#include "services/vm/templates/template_store.h"

namespace pyro::vm {

enum class Priority { kNormal, kBackground };

/// Makes templates: boots a machine of the shape, lets it rehearse, saves it and ends it.
class TemplateBuilder {
 public:
  struct Options {
    Paths paths;
    std::filesystem::path shim_program;
    GuestLimits limits;
    OwnedDirectories machines;
  };
  TemplateBuilder(TemplateStore& store, Options options)
      : store_(store), options_(std::move(options)) {}

  /// The template that starts machines like `record`; makes it if it is missing or to be replaced.
  /// kUnavailable, kDeadlineExceeded: the guest does not boot, or cannot be saved.
  Template ensure(Driver& driver, const MachineRecord& record, Priority priority, const Work& work,
                  TemplateStore::Existing existing = TemplateStore::Existing::kKept);

 private:
  void make(Driver& driver, const MachineRecord& record, const TemplateFiles& files,
            Priority priority, const Work& work) const;

  TemplateStore& store_;
  Options options_;
};

}  // namespace pyro::vm
