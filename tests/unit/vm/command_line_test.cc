#include "services/vm/drivers/qemu/command_line.h"

#include <gmock/gmock.h>

#include "common/base/text.h"
#include "services/vm/drivers/host/host_driver.h"

namespace pyro::vm {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

qemu::Plan whole_plan() {
  return {.program = "qemu",
          .accelerator = Accelerator::kTcg,
          .vcpu_count = 2,
          .mem_mib = 512,
          .kernel = "/k/vmlinux",
          .initramfs = "/i.cpio",
          .disks = qemu::Disks{.rootfs = "/e/rootfs.ext4",
                               .system = "/m/system.ext4",
                               .workspace = "/m/workspace.ext4"},
          .tsc_khz = 2500000};
}

std::string words_of(const qemu::Plan& plan) { return join(qemu::command_line(plan), " "); }

TEST(QemuCommandLine, gives_the_guest_what_the_plan_says) {
  const std::string words = words_of(whole_plan());
  EXPECT_THAT(words, HasSubstr("-smp 2"));
  EXPECT_THAT(words, HasSubstr("-m 512M"));
  EXPECT_THAT(words, HasSubstr("-cpu max,-erms"));
  EXPECT_THAT(words, HasSubstr("tsc_early_khz=2500000"));
  EXPECT_THAT(words, HasSubstr("virtserialport,chardev=link,name=pyro.agent"));
}

TEST(QemuCommandLine, shares_the_root_file_system_read_only) {
  EXPECT_THAT(qemu::command_line(whole_plan()),
              Contains("id=root,file=/e/rootfs.ext4,format=raw,if=none,readonly=on,"
                       "file.locking=off"));
}

TEST(QemuCommandLine, lets_a_full_host_disk_be_an_error_and_not_a_frozen_guest) {
  EXPECT_THAT(words_of(whole_plan()),
              HasSubstr("drive=system,serial=system,werror=report,rerror=report"));
}

TEST(QemuCommandLine, bounds_what_translated_code_takes_under_tcg) {
  EXPECT_THAT(words_of(whole_plan()), HasSubstr("-accel tcg,tb-size="));
}

TEST(QemuCommandLine, gives_the_console_to_who_bounds_its_log) {
  EXPECT_THAT(qemu::command_line(whole_plan()), Contains("socket,id=console,fd=6"));
}

TEST(QemuCommandLine, forbids_the_vmm_to_start_programs) {
  EXPECT_THAT(words_of(whole_plan()), HasSubstr("spawn=deny"));
}

TEST(QemuCommandLine, lists_the_disks_in_the_order_of_the_guests_devices) {
  const std::string words = words_of(whole_plan());
  EXPECT_LT(words.find("drive=root"), words.find("drive=system"));
  EXPECT_LT(words.find("drive=system"), words.find("drive=workspace"));
}

TEST(QemuCommandLine, doubles_a_comma_in_a_path) {
  qemu::Plan plan = whole_plan();
  plan.disks->system = "/m,readonly=on/system.ext4";
  EXPECT_THAT(words_of(plan), HasSubstr("file=/m,,readonly=on/system.ext4,format"));
}

/// The files of the machine that are on the command line.
TEST(QemuConfinement, names_each_file_that_the_command_line_names) {
  const ConfinementPlan files = qemu::confinement(whole_plan(), ConfinementForm::kFull);
  EXPECT_EQ(files.form, ConfinementForm::kFull);
  EXPECT_THAT(files.readable, UnorderedElementsAre("/k/vmlinux", "/i.cpio", "/e/rootfs.ext4"));
  EXPECT_THAT(files.writable, UnorderedElementsAre("/m/system.ext4", "/m/workspace.ext4"));
  EXPECT_THAT(files.devices, Not(Contains("/dev/kvm")));
}

TEST(QemuConfinement, of_a_restored_machine_has_no_kernel_and_writes_to_no_template_from_8_2_on) {
  qemu::Plan plan = whole_plan();
  plan.memory =
      qemu::MemoryFile{.path = "/t/memory", .use = qemu::MemoryFile::Use::kCopiedReadOnly};
  const ConfinementPlan files = qemu::confinement(plan, ConfinementForm::kFull);
  EXPECT_THAT(files.readable, UnorderedElementsAre("/t/memory", "/e/rootfs.ext4"));
  EXPECT_THAT(files.writable, Not(Contains("/t/memory")));
  plan.memory->use = qemu::MemoryFile::Use::kCopied;
  EXPECT_THAT(qemu::confinement(plan, ConfinementForm::kFull).writable, Contains("/t/memory"));
}

TEST(QemuConfinement, under_kvm_has_its_device) {
  qemu::Plan plan = whole_plan();
  plan.accelerator = Accelerator::kKvm;
  EXPECT_THAT(qemu::confinement(plan, ConfinementForm::kFull).devices, Contains("/dev/kvm"));
}

TEST(QemuCommandLine, of_a_probe_has_no_disk_and_tells_the_agent) {
  qemu::Plan plan = whole_plan();
  plan.disks.reset();
  EXPECT_THAT(words_of(plan), Not(HasSubstr("-drive")));
  EXPECT_THAT(words_of(plan), HasSubstr("pyro.probe"));
  EXPECT_THAT(words_of(plan), Not(HasSubstr("-mon")));
}

TEST(QemuCommandLine, leaves_the_clock_to_the_kernel_under_kvm) {
  qemu::Plan plan = whole_plan();
  plan.accelerator = Accelerator::kKvm;
  plan.tsc_khz.reset();
  EXPECT_THAT(words_of(plan), HasSubstr("-accel kvm -cpu host"));
  EXPECT_THAT(words_of(plan), Not(HasSubstr("tsc_early_khz")));
}

qemu::Plan plan_with_memory(qemu::MemoryFile::Use use) {
  qemu::Plan plan = whole_plan();
  plan.memory = qemu::MemoryFile{.path = "/t,x/memory", .use = use};
  return plan;
}

TEST(QemuCommandLine, keeps_the_memory_to_itself_by_default) {
  EXPECT_THAT(qemu::command_line(whole_plan()), Contains("memory-backend-ram,id=ram0,size=512M"));
  EXPECT_THAT(words_of(whole_plan()), HasSubstr("socket,id=monitor,fd=4 -mon chardev=monitor"));
  EXPECT_THAT(words_of(whole_plan()), Not(HasSubstr("-incoming")));
}

TEST(QemuCommandLine, of_a_template_boots_into_a_memory_file_that_is_written) {
  const qemu::Plan plan = plan_with_memory(qemu::MemoryFile::Use::kMade);
  EXPECT_THAT(qemu::command_line(plan),
              Contains("memory-backend-file,id=ram0,size=512M,mem-path=/t,,x/memory,share=on"));
  EXPECT_THAT(words_of(plan), HasSubstr("-kernel /k/vmlinux"));
  EXPECT_THAT(words_of(plan), Not(HasSubstr("-incoming")));
  EXPECT_THAT(words_of(plan), HasSubstr("socket,id=monitor,fd=4 -mon chardev=monitor"));
}

TEST(QemuCommandLine, of_a_restored_machine_waits_for_its_state_and_leaves_the_memory_file_alone) {
  const qemu::Plan plan = plan_with_memory(qemu::MemoryFile::Use::kCopied);
  EXPECT_THAT(qemu::command_line(plan),
              Contains("memory-backend-file,id=ram0,size=512M,mem-path=/t,,x/memory,share=off"));
  EXPECT_THAT(words_of(plan), HasSubstr("-incoming defer"));
  EXPECT_THAT(words_of(plan), Not(HasSubstr("-kernel")));
  EXPECT_THAT(words_of(plan), HasSubstr("socket,id=monitor,fd=4 -mon chardev=monitor"));
}

TEST(QemuCommandLine, opens_the_memory_file_read_only_where_the_vmm_can) {
  const qemu::Plan plan = plan_with_memory(qemu::MemoryFile::Use::kCopiedReadOnly);
  EXPECT_THAT(qemu::command_line(plan),
              Contains("memory-backend-file,id=ram0,size=512M,mem-path=/t,,x/memory,share=off,"
                       "readonly=on,rom=off"));
  EXPECT_THAT(words_of(plan), HasSubstr("-incoming defer"));
}

TEST(QemuCommandLine, knows_the_vmms_that_map_a_memory_file_read_only) {
  for (const char* version :
       {"QEMU emulator version 8.2.0", "QEMU emulator version 8.2", "QEMU emulator version 9.0.1",
        "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)"}) {
    EXPECT_TRUE(qemu::can_map_read_only(version)) << version;
  }
  for (const char* version :
       {"QEMU emulator version 7.2.17 (Debian 1:7.2+dfsg-7+deb12u15)",
        "QEMU emulator version 8.1.5", "QEMU emulator version 8.", "QEMU emulator version 9",
        "QEMU emulator version ", "QEMU emulator version x.y", "8.2.0", ""}) {
    EXPECT_FALSE(qemu::can_map_read_only(version)) << version;
  }
}

TEST(QemuCommandLine, gives_a_machine_a_network_card_without_a_way_out) {
  const std::string words = words_of(whole_plan());
  EXPECT_THAT(words, HasSubstr("-netdev hubport,id=net,hubid=0 -device virtio-net-device,"));
  EXPECT_THAT(words, HasSubstr("guest_announce=off"));
  qemu::Plan probe = whole_plan();
  probe.disks.reset();
  EXPECT_THAT(words_of(probe), Not(HasSubstr("-netdev")));
}

TEST(QemuCommandLine, keeps_programs_at_their_addresses_where_code_is_translated) {
  qemu::Plan plan = whole_plan();
  EXPECT_THAT(words_of(plan), HasSubstr(" norandmaps"));
  plan.accelerator = Accelerator::kKvm;
  EXPECT_THAT(words_of(plan), Not(HasSubstr("norandmaps")));
}

TEST(QemuCommandLine, switches_the_pressure_accounting_off) {
  EXPECT_THAT(words_of(whole_plan()), HasSubstr(" psi=0"));
}

host::Plan host_plan() {
  return {.bwrap = "/usr/bin/bwrap",
          .agent = "/p/agent",
          .root = "/m/root",
          .workspace = "/m/workspace",
          .top = {"/etc", "/home", "/root", "/run", "/tmp", "/usr", "/workspace"}};
}

TEST(HostCommandLine, hides_the_hosts_processes_network_and_write_access_where_it_can) {
  const std::string words = join(host::command_line(host_plan()), " ");
  EXPECT_THAT(words, HasSubstr("--unshare-pid"));
  EXPECT_THAT(words, HasSubstr("--unshare-net"));
  EXPECT_THAT(words, HasSubstr("--tmpfs / --ro-bind-try /etc /etc --ro-bind-try /home /home "
                               "--ro-bind-try /usr /usr --dev /dev"));
  EXPECT_THAT(words, HasSubstr("--bind /m/root /root"));
  EXPECT_THAT(words, HasSubstr("--remount-ro /"));
}

TEST(HostCommandLine, shows_the_workspace_at_its_place_in_a_sandbox) {
  const std::string words = join(host::command_line(host_plan()), " ");
  EXPECT_THAT(words, HasSubstr("--bind /m/workspace/tree /workspace"));
  EXPECT_THAT(words, HasSubstr("--root /root --workspace /run/pyro-workspace"));
}

TEST(HostCommandLine, without_bubblewrap_is_the_agent_over_the_machines_directory) {
  host::Plan plan = host_plan();
  plan.bwrap.reset();
  EXPECT_EQ(join(host::command_line(plan), " "),
            "/p/agent --host --link-fd 3 --root /m/root --workspace /m/workspace");
}

}  // namespace
}  // namespace pyro::vm
