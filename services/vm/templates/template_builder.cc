#include "services/vm/templates/template_builder.h"

#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/log/log.h"
#include "services/vm/boot/guest_boot.h"
#include "services/vm/boot/shim_control.h"

namespace pyro::vm {
namespace {

constexpr int kBackgroundNiceness = 10;

/// The programs that most first commands consist of are then in the guest's memory.
constexpr const char* kRehearsal =
    "for program in ls cat git; do command -v $program && $program --version; done\n"
    "command -v python3 && python3 -c ''\n"
    "true; sync";

}  // namespace

Template TemplateBuilder::ensure(Driver& driver, const MachineRecord& record, Priority priority,
                                 const Work& work, TemplateStore::Existing existing) {
  const auto shape = driver.shape_of(record.machine, record.boot);
  if (!shape) {
    throw failed_precondition(reason::kTemplateFailed,
                              "machines of this kind start without templates");
  }
  if (existing == TemplateStore::Existing::kKept) {
    if (auto found = store_.find(*shape)) return std::move(*found);
  }
  return store_.build(
      *shape, work,
      [&](const TemplateFiles& files) { make(driver, record, files, priority, work); }, existing);
}

void TemplateBuilder::make(Driver& driver, const MachineRecord& record, const TemplateFiles& files,
                           Priority priority, const Work& work) const {
  const auto begin = Clock::now();
  const OwnedDirectories::Temporary directory(options_.machines, "template");
  const MachinePaths paths(options_.paths, directory.id());
  api::Machine fresh = record.machine;
  fresh.state = api::MachineState::kCreated;
  Launch launch = driver.prepare_template(fresh, record.boot, paths, files);
  if (priority == Priority::kBackground) launch.niceness = kBackgroundNiceness;
  const Cleanup remove_sockets([&paths] { paths.remove_sockets(); });
  work.report("boot", "booting the machine that becomes the template");
  ShimProcess shim = boot_guest(options_.shim_program, launch, paths,
                                {.answer = options_.limits.boot, .tries = 1}, work);
  const Cleanup end_shim([&shim] { shim.end(); });
  work.report("rehearse", "running typical first commands");
  rehearse(paths, kRehearsal, options_.limits, work);
  work.report("save", "saving the machine");
  options_.limits.save.run(work, [&](const Work& brief) {
    ShimControl(paths.control_socket).call(control::Save{.file = files.state.string()}, brief);
  });
  copy_sparse(paths.system_disk(), files.system_disk);
  log::info("a template of {} was made in {} ms", record.machine.environment,
            std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count());
}

}  // namespace pyro::vm
