// Whether a column of the source fits a column of the target, and what cast that takes. The
// design's rule: no cast where types and typmods agree; casts that cannot lose anything by a
// fixed table; any other only by the user's choice; a typmod is never narrowed by a cast.
#pragma once

#include <string>

#include "loader/plan/selection.hpp"
#include "loader/plan/types.hpp"

namespace custody::plan {

struct Fit {
    enum class Kind { same, lossless, refused };
    Kind kind = Kind::refused;
    std::string cast; // type name for the source's SELECT; "" = the bytes go as they are
};

/// Compares types across the two servers. An extension's type is the same wherever it lives;
/// any other has the same name in the same schema, after the user's mapping.
class TypePairs {
  public:
    TypePairs(const Types &source, const Types &target, const Selection &selection)
        : source_(source), target_(target), selection_(selection) {}

    Fit fit(const Attribute &source, const Attribute &target) const;
    /// Why values of the same type on both sides may not pass in binary; "" when they may.
    /// `target_version` as PG_VERSION_NUM.
    std::string why_text(Oid source, Oid target, int target_version) const;
    bool same(Oid source, Oid target) const;
    /// True when both are the same type after domains are looked through, typmods apart.
    bool same_base(Oid source, Oid target) const;
    /// True when equal values have other bytes under another typmod: numeric, character(n).
    bool typmod_shows(Oid source) const;

  private:
    Fit fit(Oid source, int source_typmod, Oid target, int target_typmod) const;
    std::string why_text_inside(const Type &source, const Type &target, int version) const;

    const Types &source_;
    const Types &target_;
    const Selection &selection_;
};

/// Why a target of this version refuses the type in binary: before 14 the OIDs of element and
/// field types had to agree, and user types have others there; "" when it does not.
std::string why_text_for_version(const Types &types, Oid oid, int target_version);

} // namespace custody::plan
