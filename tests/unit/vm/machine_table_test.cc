#include "services/vm/machines/machine_table.h"

#include "common/base/clock.h"
#include "common/base/reasons/machine.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

class MachineTableTest : public ::testing::Test {
 protected:
  pyro::testing::TestDirectory directory_;
  Registry registry_{directory_ / "registry.db"};
  MachineTable table_{registry_, 2};
};

TEST_F(MachineTableTest, gives_ids_and_times) {
  MachineRecord record{.machine = {.ttl_seconds = 60}};
  record.machine.environment = "e";
  const auto machine = table_.add(record).machine;
  EXPECT_EQ(machine.vm_id.size(), 12U);
  EXPECT_EQ(machine.expires_at, machine.created_at + 60);
  EXPECT_EQ(table_.find(machine.vm_id).machine.environment, "e");
  EXPECT_EQ(table_.next_expiry(), machine.expires_at);
}

TEST_F(MachineTableTest, refuses_one_too_many_until_one_is_deleted) {
  const std::string first = table_.add({}).machine.vm_id;
  table_.add({});
  EXPECT_THAT(
      error_of([&] { table_.add({}); }),
      Refused(ErrorCode::kResourceExhausted, "max active VMs reached (2); delete old VMs first"));
  table_.erase(first);
  EXPECT_EQ(error_of([&] { table_.add({}); }), std::nullopt);
}

TEST_F(MachineTableTest, one_that_is_set_aside_does_not_count_until_it_is_brought_back) {
  const std::string aside = table_.add({}).machine.vm_id;
  const std::string other = table_.add({}).machine.vm_id;
  table_.update(aside, [](MachineRecord& record) { record.set_aside = true; });
  EXPECT_EQ(table_.count(), 1U);
  const std::string third = table_.add({}).machine.vm_id;
  EXPECT_THAT(error_of([&] { table_.bring_back(aside); }), Refused(reason::kLimitReached));
  EXPECT_THAT(error_of([&] { table_.add({.replaces = aside}); }), Refused(reason::kLimitReached));
  EXPECT_EQ(error_of([&] { table_.bring_back(other); }), std::nullopt) << "it counts already";
  table_.erase(third);
  table_.bring_back(aside);
  EXPECT_EQ(table_.count(), 2U);
  EXPECT_FALSE(table_.find(aside).set_aside);
}

TEST_F(MachineTableTest, tells_an_unknown_machine_from_an_expired_one) {
  EXPECT_THAT(error_of([&] { table_.find("x"); }),
              Refused(ErrorCode::kNotFound, "vm 'x' does not exist"));
  const std::string id = table_.add({}).machine.vm_id;
  table_.update(id, [](MachineRecord& record) { record.machine.expires_at = 1; });
  const std::string text = "vm '" + id + "' expired and was automatically deleted";
  EXPECT_THAT(error_of([&] { table_.find(id); }), Refused(ErrorCode::kNotFound, text.c_str()));
  EXPECT_THAT(table_.expired(), ::testing::ElementsAre(id));
  table_.erase_expired(id);
  EXPECT_THAT(error_of([&] { table_.find(id); }), Refused(ErrorCode::kNotFound, text.c_str()));
  EXPECT_EQ(table_.count(), 0U);
}

TEST_F(MachineTableTest, does_not_bring_a_deleted_machine_back_by_an_update) {
  const std::string id = table_.add({}).machine.vm_id;
  table_.erase(id);
  table_.update(id, [](MachineRecord& record) { record.exec_begun = true; });
  EXPECT_EQ(table_.count(), 0U);
}

}  // namespace
}  // namespace pyro::vm
