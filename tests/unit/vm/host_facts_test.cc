#include "services/vm/boot/host_facts.h"

#include <gmock/gmock.h>

#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "services/vm/drivers/host_cpu.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;

/// A /sys/class/power_supply.
class PowerSupplyTest : public ::testing::Test {
 protected:
  void add(const std::string& name, const std::map<std::string, std::string>& files) {
    fs::create_directory(directory_ / name);
    for (const auto& [file, text] : files) {
      write_file_atomically(directory_ / name / file, text);
    }
  }
  bool on_battery() const { return vm::on_battery(directory_.path()); }

  pyro::testing::TestDirectory directory_;
};

TEST(HostMemoryTest, is_enough_when_a_machine_may_use_all_that_it_has) {
  const HostMemory host{.total = 8000, .available = 1280};
  EXPECT_EQ(error_of([&] { require_memory(host, 1024, 256); }), std::nullopt);
  const auto refused = error_of([&] { require_memory(host, 1025, 256); });
  EXPECT_THAT(refused, Refused(reason::kMemoryShort));
  EXPECT_THAT(refused->message(), ::testing::HasSubstr("1280 MiB of memory available"));
  EXPECT_EQ(error_of([] { require_memory({}, 1024, 256); }), std::nullopt) << "it does not say";
}

TEST(HostMemoryTest, is_that_of_this_host) {
  EXPECT_GT(host_memory().total, host_memory().available);
  EXPECT_GT(host_memory().share(), 0);
  EXPECT_LT(host_memory().share(), 1);
}

TEST_F(PowerSupplyTest, without_a_battery_is_no_battery) {
  EXPECT_FALSE(vm::on_battery(directory_ / "missing"));
  EXPECT_FALSE(on_battery());
  add("AC", {{"type", "Mains\n"}, {"online", "1\n"}});
  EXPECT_FALSE(on_battery());
}

TEST_F(PowerSupplyTest, is_a_battery_while_it_discharges) {
  add("AC", {{"type", "Mains\n"}, {"online", "0\n"}});
  add("BAT0", {{"type", "Battery\n"}, {"status", "Discharging\n"}});
  EXPECT_TRUE(on_battery());
}

TEST_F(PowerSupplyTest, is_none_while_all_batteries_are_charged_or_full) {
  add("BAT0", {{"type", "Battery\n"}, {"status", "Charging\n"}});
  add("BAT1", {{"type", "Battery\n"}, {"status", "Full\n"}});
  add("BAT2", {{"type", "Battery\n"}, {"status", "Not charging\n"}});
  EXPECT_FALSE(on_battery());
  add("BAT3", {{"type", "Battery\n"}, {"status", "Discharging\n"}});
  EXPECT_TRUE(on_battery());
}

TEST_F(PowerSupplyTest, takes_a_battery_that_says_nothing_for_none) {
  add("BAT0", {{"type", "Battery\n"}});
  add("BAT1", {{"status", "Discharging\n"}});
  add("UPS", {{"type", "UPS\n"}, {"status", "Discharging\n"}});
  add("BAT2", {});
  EXPECT_FALSE(on_battery());
}

TEST_F(PowerSupplyTest, passes_over_a_battery_that_cannot_be_read) {
  // As when it is pulled out meanwhile: the kernel answers a read with an error.
  fs::create_directories(directory_ / "BAT0" / "type");
  EXPECT_FALSE(on_battery());
  add("BAT1", {{"type", "Battery\n"}, {"status", "Discharging\n"}});
  EXPECT_TRUE(on_battery());
}

TEST(HostFacts, the_processor_has_a_name_and_a_digest_and_stays_the_same) {
  EXPECT_THAT(host_cpu(), ::testing::MatchesRegex(".+ \\([0-9a-f]+\\)"));
  EXPECT_EQ(host_cpu(), host_cpu());
}

}  // namespace
}  // namespace pyro::vm
