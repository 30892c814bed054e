#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"

/// Operations on what the registry lost: directories that no record names, or whose record cannot
/// be read. Nothing deletes them. Owners: vm service, workspace service.
namespace pyro::api {

/// A directory beside those of the registry that is left alone.
struct StrayDirectory {
  std::string id;
  std::string directory;
  std::optional<std::string> workspace_id;
  std::string why;

  template <class Fields>
  static void describe(Fields& f) {
    f("id", &StrayDirectory::id, "Its name.");
    f("directory", &StrayDirectory::directory, "Where it is.");
    f("workspace_id", &StrayDirectory::workspace_id,
      "The workspace that it says it is of, when it can be adopted.");
    f("why", &StrayDirectory::why, "Why no record names it.");
  }
};

/// A row of the registry that is no record of its table. It is passed over.
struct UnreadableRow {
  std::string table;
  std::string id;
  std::string why;

  template <class Fields>
  static void describe(Fields& f) {
    f("table", &UnreadableRow::table, "The table.");
    f("id", &UnreadableRow::id, "The row.");
    f("why", &UnreadableRow::why, "Why it cannot be read.");
  }
};

struct Adoption {
  std::vector<std::string> adopted;
  std::vector<StrayDirectory> strays;
  std::vector<UnreadableRow> unreadable;

  template <class Fields>
  static void describe(Fields& f) {
    f("adopted", &Adoption::adopted, "Ids that have a record again.");
    f("strays", &Adoption::strays, "Directories that have none.");
    f("unreadable", &Adoption::unreadable, "Rows that are still unreadable.");
  }
};

template <class Request, class Fields>
void describe_adoption(Fields& f) {
  f("workspace_ids", &Request::workspace_ids, "To adopt; none: it only tells of the strays.");
  f("drop_unreadable", &Request::drop_unreadable,
    "Removes unreadable rows that hold no more than history. Those of machines, workspaces and "
    "snapshots stay.");
}

/// Restores the records of these workspaces' machines from what their directories say. They are
/// stopped then.
struct AdoptMachines {
  static constexpr Method kMethod{"vm.adopt"};
  using Reply = Adoption;
  std::vector<std::string> workspace_ids;
  bool drop_unreadable = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_adoption<AdoptMachines>(f);
  }
};

/// The same of the workspaces with their snapshots; their machines come first. The history of their
/// commands is lost, and their time to live starts over.
struct AdoptWorkspaces {
  static constexpr Method kMethod{"workspace.adopt"};
  using Reply = Adoption;
  std::vector<std::string> workspace_ids;
  bool drop_unreadable = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_adoption<AdoptWorkspaces>(f);
  }
};

using MachineAdoptionApi = Api<AdoptMachines>;
using WorkspaceAdoptionApi = Api<AdoptWorkspaces>;

}  // namespace pyro::api
