#include "common/registry/registry.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>

#include "common/api/machine.h"
#include "common/base/files.h"
#include "tests/support/errors.h"
#include "tests/support/registry_sql.h"
#include "tests/support/soon.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Refused;
using testing::run_sql;
using testing::TestDirectory;

/// Runs `body` in `count` processes that begin at the same moment; how many succeeded.
template <class Body>
int in_processes(int count, Body&& body) {
  int gate[2];
  EXPECT_EQ(::pipe2(gate, O_CLOEXEC), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(gate[1]);
      char byte = 0;
      [[maybe_unused]] const ssize_t end_of_file = ::read(gate[0], &byte, 1);
      const auto error = error_of([&] { body(i); });
      if (error) fprintf(stderr, "%s\n", error->what());
      ::_exit(error ? 1 : 0);
    }
    children.push_back(pid);
  }
  ::close(gate[0]);
  ::close(gate[1]);
  int good = 0;
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    good += status == 0;
  }
  return good;
}

TEST(Registry, a_row_is_put_replaced_listed_and_erased) {
  const TestDirectory dir;
  Registry registry(dir / "r.db");
  EXPECT_EQ(registry.get("machines", "a"), std::nullopt);
  registry.put("machines", "b", "1");
  registry.put("machines", "a", "2");
  registry.put("machines", "b", "3");
  using Rows = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(registry.all("machines"), (Rows{{"a", "2"}, {"b", "3"}}));
  EXPECT_TRUE(registry.erase("machines", "a"));
  EXPECT_FALSE(registry.erase("machines", "a"));
  EXPECT_EQ(registry.get("machines", "a"), std::nullopt);
}

TEST(Registry, rows_are_there_after_the_process_that_wrote_them_was_killed) {
  const TestDirectory dir;
  const pid_t pid = ::fork();
  if (pid == 0) {
    Registry registry(dir / "r.db");
    registry.put("machines", "a", "1");
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(Registry(dir / "r.db").get("machines", "a"), "1");
}

TEST(Registry, a_table_of_records_gives_back_what_was_put) {
  const TestDirectory dir;
  Registry registry(dir / "r.db");
  RecordTable<api::Machine> machines(registry, "machines");
  api::Machine machine;
  machine.vm_id = "0123456789ab";
  machine.created_at = 1700000000.125;
  machine.metadata = {{"kernel", "6.1"}};
  machines.put(machine.vm_id, machine);
  ASSERT_TRUE(machines.get(machine.vm_id));
  EXPECT_EQ(machines.get(machine.vm_id)->created_at, machine.created_at);
  EXPECT_EQ(machines.all().at(0).metadata, machine.metadata);
}

TEST(Registry, a_record_of_a_newer_version_is_read) {
  const TestDirectory dir;
  Registry registry(dir / "r.db");
  const RecordTable<api::Machine> machines(registry, "machines");
  registry.put("machines", "new", R"({"vm_id":"x","invented_later":[1]})");
  EXPECT_EQ(machines.get("new")->vm_id, "x");
}

TEST(Registry, a_row_that_cannot_be_read_is_passed_over_and_told) {
  const TestDirectory dir;
  Registry registry(dir / "r.db");
  RecordTable<api::Machine> machines(registry, "machines");
  machines.put("w/1", {.vm_id = "one"});
  registry.put("machines", "w/2", "{");
  registry.put("machines", "w/3", R"({"vm_id":7})");
  EXPECT_THAT(machines.all(), ElementsAre(Field(&api::Machine::vm_id, "one")));
  EXPECT_THAT(machines.last_below("w/"), ElementsAre(Field(&api::Machine::vm_id, "one")));
  EXPECT_THAT(machines.ids(), ElementsAre("w/1", "w/2", "w/3"));
  EXPECT_THAT(machines.last_ids_below("w/", 1), ElementsAre("w/3"));
  EXPECT_TRUE(machines.contains("w/2"));
  EXPECT_EQ(machines.find_readable("w/2"), std::nullopt);
  EXPECT_THAT(error_of([&] { machines.get("w/2"); }),
              Refused(ErrorCode::kFailedPrecondition,
                      "row 'w/2' of the registry's table 'machines' cannot be read (its record is "
                      "not JSON): `pyro doctor --repair` restores what it can"));
  const auto met = registry.unreadable();
  ASSERT_EQ(met.size(), 2U);
  EXPECT_EQ(met[1].id, "w/3");
  EXPECT_THAT(met[1].why, HasSubstr("vm_id"));
}

TEST(Registry, a_row_that_is_written_or_erased_is_no_longer_told_as_unreadable) {
  const TestDirectory dir;
  Registry registry(dir / "r.db");
  RecordTable<api::Machine> machines(registry, "machines");
  for (const char* id : {"a", "b", "c/1", "c/2"}) registry.put("machines", id, "{");
  EXPECT_THAT(machines.all(), IsEmpty());
  machines.put("a", {.vm_id = "a"});
  machines.erase("b");
  EXPECT_EQ(registry.unreadable().size(), 2U);
  machines.erase_below("c/");
  EXPECT_THAT(registry.unreadable(), IsEmpty());
}

TEST(Registry, unreadable_rows_are_dropped_except_from_the_tables_to_keep) {
  const TestDirectory dir;
  Registry registry(dir / "r.db");
  for (const char* table : {"machines", "workspaces"}) {
    registry.put(table, "bad", "{");
    EXPECT_THAT(RecordTable<api::Machine>(registry, table).all(), IsEmpty());
  }
  EXPECT_EQ(registry.drop_unreadable({"machines"}).size(), 1U);
  EXPECT_TRUE(registry.contains("machines", "bad"));
  EXPECT_FALSE(registry.contains("workspaces", "bad"));
}

TEST(Registry, a_new_file_is_migrated_to_this_version_in_wal_mode) {
  const TestDirectory dir;
  { const Registry registry(dir / "r.db"); }
  EXPECT_EQ(run_sql(dir / "r.db", "PRAGMA user_version"), Registry::schema_version());
  EXPECT_EQ(run_sql(dir / "r.db", "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

TEST(Registry, a_file_of_an_earlier_version_gets_an_id_that_lasts) {
  const TestDirectory dir;
  { const Registry registry(dir / "r.db"); }
  run_sql(dir / "r.db",
          "DROP TABLE identity; DROP TABLE workspace_services; DROP TABLE workspace_shells; "
          "DROP TABLE workspace_connections; "
          "PRAGMA user_version = 3");
  const std::string id = Registry(dir / "r.db").id();
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(Registry(dir / "r.db").id(), id);
}

TEST(Registry, many_processes_may_open_a_new_file_at_once) {
  for (int round = 0; round < 10; ++round) {
    const TestDirectory dir;
    EXPECT_EQ(in_processes(6,
                           [&dir](int i) {
                             Registry registry(dir / "r.db");
                             registry.put("machines", std::to_string(i), "x");
                           }),
              6);
    EXPECT_EQ(Registry(dir / "r.db").all("machines").size(), 6U);
  }
}

TEST(Registry, many_processes_write_at_once_and_nothing_is_lost) {
  const TestDirectory dir;
  { const Registry registry(dir / "r.db"); }
  EXPECT_EQ(in_processes(4,
                         [&dir](int i) {
                           Registry registry(dir / "r.db");
                           for (int n = 0; n < 50; ++n) {
                             registry.put("machines", fmt::format("{}-{}", i, n), "x");
                           }
                         }),
            4);
  EXPECT_EQ(Registry(dir / "r.db").all("machines").size(), 200U);
}

TEST(Registry, one_of_a_newer_version_is_refused_and_stays_byte_for_byte) {
  const TestDirectory dir;
  { const Registry registry(dir / "r.db"); }
  run_sql(dir / "r.db", "PRAGMA user_version = 999");
  const std::string before = read_file(dir / "r.db");
  EXPECT_THAT(error_of([&] { const Registry registry(dir / "r.db"); }),
              Refused(ErrorCode::kFailedPrecondition,
                      AllOf(HasSubstr("newer pyro (schema 999"), HasSubstr("upgrade pyro"))));
  EXPECT_EQ(read_file(dir / "r.db"), before);
}

TEST(Registry, one_of_a_newer_version_that_was_killed_stays_byte_for_byte_too) {
  const TestDirectory dir;
  { const Registry registry(dir / "r.db"); }
  const pid_t pid = ::fork();
  if (pid == 0) {
    // What it wrote is still in the log beside the file: closing must not carry it over.
    ::sqlite3* database = nullptr;
    ::sqlite3_open((dir / "r.db").c_str(), &database);
    ::sqlite3_exec(database, "PRAGMA user_version = 999", nullptr, nullptr, nullptr);
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(pid, nullptr, 0);
  const std::string before = read_file(dir / "r.db");
  const std::string log = read_file(dir / "r.db-wal");
  ASSERT_FALSE(log.empty());
  EXPECT_THAT(error_of([&] { const Registry registry(dir / "r.db"); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("newer pyro")));
  EXPECT_EQ(read_file(dir / "r.db"), before);
  EXPECT_EQ(read_file(dir / "r.db-wal"), log);
}

TEST(Registry, a_damaged_file_is_a_clear_error_and_left_alone) {
  const TestDirectory dir;
  const std::string garbage(8192, 'g');
  std::ofstream(dir / "r.db") << garbage;
  EXPECT_THAT(error_of([&] { const Registry registry(dir / "r.db"); }),
              Refused(ErrorCode::kFailedPrecondition,
                      AllOf(HasSubstr("r.db"), HasSubstr("pyro stack restart"))));
  EXPECT_EQ(read_file(dir / "r.db"), garbage);
}

TEST(Registry, a_directory_that_is_not_there_is_named) {
  EXPECT_THAT(error_of([] { const Registry registry("/no/such/r.db"); }),
              Refused(ErrorCode::kNotFound, HasSubstr("'/no/such/r.db'")));
}

TEST(Registry, what_was_committed_goes_to_the_disk_at_once) {
  const TestDirectory directory;
  ::setenv("PYRO_FAULTS", directory.path().c_str(), 1);
  write_file_atomically(directory / "trace", "");
  Registry registry(directory / "registry.db");
  const auto syncs = [&] {
    const std::string trace = read_file(directory / "trace");
    return std::count(trace.begin(), trace.end(), '\n');
  };
  EXPECT_EQ(syncs(), 0);
  registry.put("machines", "a", "{}");
  EXPECT_TRUE(test::soon([&] { return syncs() == 1; }));
  registry.erase("machines", "a");
  EXPECT_TRUE(test::soon([&] { return syncs() == 2; }));
}

}  // namespace
}  // namespace pyro
