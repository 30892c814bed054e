#include "services/vm/templates/preparer.h"

#include "common/api/environment.h"
#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/log/log.h"
#include "common/stored_file/stored_file.h"
#include "services/vm/boot/boot_leases.h"
#include "services/vm/boot/host_facts.h"

namespace pyro::vm {

MachineRecord default_machine(const api::BootFiles& boot) {
  MachineRecord record{.machine = {.metadata = {{"environment_digest", boot.environment_digest},
                                                {"kernel", boot.kernel_release}}},
                       .boot = boot,
                       .belongs_to_run = true};
  record.machine.environment = boot.environment;
  record.machine.environment_version = boot.environment_version;
  return record;
}

Preparer::Preparer(std::filesystem::path directory, GuestHost& host, TemplateStore& templates,
                   TemplateBuilder& builder)
    : directory_(std::move(directory)), host_(host), templates_(templates), builder_(builder) {
  make_private_directory(directory_);
}

std::filesystem::path Preparer::manifest_of(const std::string& environment) const {
  return directory_ / (environment + ".json");
}

api::DailyLoop Preparer::describe(const std::string& environment,
                                  const std::optional<api::BootFiles>& boot, bool verify,
                                  const std::stop_token& stop) {
  api::DailyLoop loop{.environment = environment,
                      .installed = boot.has_value(),
                      .manifest_path = manifest_of(environment),
                      .cache_dir = templates_.directory()};
  const auto prepared = read_record<Preparation>(loop.manifest_path);
  std::error_code none;
  if (!prepared && boot && std::filesystem::exists(loop.manifest_path, none)) {
    loop.status = api::Warmth::kStale;
    loop.reason = "the record of its preparation cannot be read: pyro prepare makes it anew";
    return loop;
  }
  if (!prepared) {
    loop.reason = boot ? "it was never prepared" : "it is not installed";
    return loop;
  }
  loop.network_prepared = prepared->network_prepared;
  loop.prepared_at = prepared->prepared_at;
  loop.status = api::Warmth::kStale;
  if (!boot) {
    loop.reason = "the environment is no longer installed";
    return loop;
  }
  if ((loop.reason = host_.obstacle())) return loop;
  const MachineRecord record = default_machine(*boot);
  const auto shape = host_.driver_for(record, stop)->shape_of(record.machine, record.boot);
  if (!shape) return loop;
  const std::string changed = shape->difference_to(prepared->shape);
  if (!changed.empty()) {
    loop.reason = fmt::format("changed since it was prepared: {}", changed);
  } else if (verify) {
    loop.reason = templates_.check(*shape, stop);
    if (loop.reason) templates_.discard(*shape);
  } else {
    std::string why_not = "its warm template was deleted";
    if (!templates_.find(*shape, &why_not)) loop.reason = why_not;
  }
  if (!loop.reason) loop.status = api::Warmth::kWarm;
  return loop;
}

api::PreparedEnvironment Preparer::prepare(const api::BootFiles& boot,
                                           const api::PrepareEnvironment& wanted,
                                           const Work& work) {
  const std::string& environment = boot.environment;
  const auto earlier = read_record<Preparation>(manifest_of(environment));
  const bool verified = earlier && earlier->verified_in_boot == host_boot_id();
  api::PreparedEnvironment reply{.environment = environment,
                                 .status = api::Warmth::kWarm,
                                 .manifest_path = manifest_of(environment)};
  if (!wanted.force) reply.daily_loop = describe(environment, boot, !verified, work.stop);
  if (reply.daily_loop.status == api::Warmth::kWarm &&
      (earlier->network_prepared || !wanted.network)) {
    reply.prepared = reply.reused = true;
    reply.network_prepared = earlier->network_prepared;
    if (!verified) write(boot, earlier->shape, earlier->network_prepared, earlier->prepared_at);
    return reply;
  }
  const MachineRecord record = default_machine(boot);
  const auto leases = take_boot_leases(boot);
  const auto driver = host_.driver_for(record, work.stop);
  const TemplateShape shape = builder_
                                  .ensure(*driver, record, Priority::kNormal, work,
                                          wanted.force ? TemplateStore::Existing::kReplaced
                                                       : TemplateStore::Existing::kKept)
                                  .manifest.shape;
  work.report("verify", "reading the template in full");
  if (const auto flaw = templates_.check(shape, work.stop)) {
    templates_.discard(shape);
    throw unavailable(reason::kTemplateFailed, "{}", *flaw);
  }
  return reply;
}

api::PreparedEnvironment Preparer::record(const api::BootFiles& boot, bool with_network,
                                          const std::stop_token& stop) {
  const MachineRecord record = default_machine(boot);
  const auto shape = host_.driver_for(record, stop)->shape_of(record.machine, record.boot);
  std::string why_not = "its machines start from no template";
  if (!shape || !templates_.find(*shape, &why_not))
    throw unavailable(reason::kTemplateFailed, "{}", why_not);
  write(boot, *shape, with_network, now_epoch_seconds());
  return {.environment = boot.environment,
          .status = api::Warmth::kWarm,
          .prepared = true,
          .network_prepared = with_network,
          .manifest_path = manifest_of(boot.environment),
          .daily_loop = describe(boot.environment, boot, /*verify=*/false, stop)};
}

void Preparer::write(const api::BootFiles& boot, const TemplateShape& shape, bool with_network,
                     double prepared_at) const {
  write_record(manifest_of(boot.environment),
               Preparation{.environment = boot.environment,
                           .environment_version = boot.environment_version,
                           .shape = shape,
                           .network_prepared = with_network,
                           .prepared_at = prepared_at,
                           .verified_in_boot = host_boot_id()});
}

void Preparer::forget() {
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    std::filesystem::remove(entry.path());
  }
}

}  // namespace pyro::vm

PYRO_TABLE(pyro::vm::Preparation)
