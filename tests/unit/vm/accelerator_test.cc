#include <atomic>
#include <chrono>
#include <vector>

#include "common/api/message_table.h"
#include "services/vm/boot/accelerator_chooser.h"
#include "services/vm/boot/host_facts.h"
#include "tests/support/errors.h"
#include "tests/support/soon.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Chooser : public ::testing::Test {
 protected:
  /// One whose /dev/kvm opens.
  AcceleratorChooser chooser(AcceleratorChoice choice = AcceleratorChoice::kAuto,
                             const std::string& vmm = "QEMU 7.2") {
    write_file_atomically(directory_ / "kvm", "");
    return {registry_, {choice, vmm, seconds(20), directory_ / "kvm"}};
  }

  AcceleratorChooser::BootProbe probe() {
    return [this](seconds limit, const std::stop_token&) {
      {
        const std::lock_guard lock(mutex_);
        limits_.push_back(limit.count());
      }
      if (hangs_) throw unavailable("no answer");
    };
  }
  std::vector<long> limits() {
    const std::lock_guard lock(mutex_);
    return limits_;
  }
  /// As if the host had been booted since.
  void boot_the_host() {
    auto row = table_.get("kvm").value();
    row.host_boot_id = "an earlier boot";
    table_.put("kvm", row);
  }
  std::optional<KvmProbe> row() { return table_.get("kvm"); }

  pyro::testing::TestDirectory directory_;
  Registry registry_{directory_ / "registry.db"};
  RecordTable<KvmProbe> table_{registry_, "accelerators"};
  std::atomic<bool> hangs_ = false;
  std::mutex mutex_;
  std::vector<long> limits_;
};

TEST_F(Chooser, does_as_configured_without_a_probe) {
  EXPECT_EQ(chooser(AcceleratorChoice::kTcg).choose(probe(), {}).accelerator, Accelerator::kTcg);
  EXPECT_EQ(chooser(AcceleratorChoice::kKvm).choose(probe(), {}).accelerator, Accelerator::kKvm);
  EXPECT_THAT(limits(), IsEmpty());
}

TEST_F(Chooser, takes_tcg_without_a_probe_where_the_device_does_not_open) {
  AcceleratorChooser none(registry_,
                          {AcceleratorChoice::kAuto, "QEMU 7.2", seconds(20), directory_ / "none"});
  const auto verdict = none.choose(probe(), {});
  EXPECT_EQ(verdict.accelerator, Accelerator::kTcg);
  EXPECT_FALSE(verdict.kvm_failed());
  EXPECT_FALSE(none.kvm_opens());
  EXPECT_THAT(limits(), IsEmpty());
}

TEST_F(Chooser, probes_once_and_remembers_the_answer_for_this_boot_and_vmm) {
  {
    auto first = chooser();
    first.choose(probe(), {});
    first.choose(probe(), {});
  }
  EXPECT_EQ(chooser().choose(probe(), {}).accelerator, Accelerator::kKvm);
  EXPECT_THAT(limits(), ElementsAre(3));
  chooser(AcceleratorChoice::kAuto, "QEMU 9").choose(probe(), {});
  EXPECT_EQ(limits().size(), 2U);
}

TEST_F(Chooser, falls_back_to_tcg_when_the_guest_does_not_answer_and_says_why) {
  hangs_ = true;
  const auto verdict = chooser().choose(probe(), {});
  EXPECT_EQ(verdict.accelerator, Accelerator::kTcg);
  EXPECT_TRUE(verdict.kvm_failed());
  EXPECT_THAT(verdict.reason, HasSubstr("opens, but a guest booted with it did not answer"));
  EXPECT_GT(verdict.probe->probed_at, 0);
}

TEST_F(Chooser, tries_a_negative_verdict_again_behind_its_caller) {
  hangs_ = true;
  auto busy = chooser();
  busy.choose(probe(), {});
  EXPECT_TRUE(test::soon([&] { return limits().size() == 2; }));
  EXPECT_THAT(limits(), ElementsAre(3, 20));
}

TEST_F(Chooser,
       of_a_new_process_tries_the_negative_verdict_of_the_last_one_again_behind_its_caller) {
  hangs_ = true;
  chooser().choose(probe(), {});
  limits_.clear();
  hangs_ = false;
  auto next = chooser();
  EXPECT_EQ(next.choose(probe(), {}).accelerator, Accelerator::kTcg) << "no caller waits for it";
  EXPECT_TRUE(test::soon([&] { return row()->works; }));
  EXPECT_EQ(next.choose(probe(), {}).accelerator, Accelerator::kKvm);
  EXPECT_THAT(limits(), ElementsAre(20));
}

TEST_F(Chooser, gives_a_host_on_which_a_guest_has_booted_with_kvm_before_the_long_probe) {
  chooser().choose(probe(), {});
  boot_the_host();
  limits_.clear();
  hangs_ = true;
  {
    auto busy = chooser();
    busy.choose(probe(), {});
  }
  ASSERT_FALSE(limits().empty());
  EXPECT_EQ(limits().front(), 20);
  boot_the_host();
  limits_.clear();
  hangs_ = false;
  chooser().choose(probe(), {});
  EXPECT_THAT(limits(), ElementsAre(20)) << "one bad day does not cost it";
}

TEST_F(Chooser, a_cancelled_probe_proves_nothing) {
  auto auto_chooser = chooser();
  EXPECT_THAT(
      pyro::testing::error_of([&] {
        auto_chooser.choose(
            [](seconds, const std::stop_token&) { throw cancelled("cancelled by the caller"); },
            {});
      }),
      pyro::testing::Refused(ErrorCode::kCancelled));
  EXPECT_FALSE(auto_chooser.known().has_value());
}

}  // namespace
}  // namespace pyro::vm

PYRO_TABLE(pyro::vm::KvmProbe)
