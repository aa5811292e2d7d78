// Which objects are compared, and under which name each of the source's is looked for on the
// target. Pure.
#pragma once

#include "loader/compare/model.hpp"
#include "loader/plan/selection.hpp"

namespace custody::compare {

class Scope {
  public:
    explicit Scope(const cli::Options &options);

    /// Leaves the objects that are selected, under the source's names on both sides, and throws
    /// Error "pattern-matches-nothing" when a pattern or mapping fits nothing on either.
    void narrow(Catalog &source, Catalog &target) const;
    /// Everything of the source as the target would have it: names, and what definitions name.
    void rename(Objects &source) const;
    /// The target's name of a source's object.
    Name on_target(const Name &name) const;
    /// False when patterns choose some schemas or tables: objects of the whole database are not
    /// compared then.
    bool whole_database() const { return whole_database_; }

  private:
    bool includes(const Catalog &catalog, const Object &object, const plan::Selection *back) const;
    plan::Lineage lineage(const Catalog &catalog, const std::string &schema,
                          const std::string &relation, const plan::Selection *back) const;
    std::string text_on_target(const std::string &sql) const;

    plan::Selection selection_;
    plan::Selection back_;                                    // mappings turned round
    std::vector<std::pair<std::string, std::string>> tables_; // renamed tables: old and new name
    bool whole_database_;
    bool maps_;
};

/// True for text that the server wrote as SQL, so that names in it are quoted; false for what a
/// person wrote (comments, function bodies, settings) and for names that stand alone.
bool is_sql(const std::string &property);

} // namespace custody::compare
