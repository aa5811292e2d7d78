// Checks a bundle of evidence (docs/ledger-format.md, section 8) line by line, without a database.
// Memory: one transaction's events (kind ledger; else one line), one block's links, and for kind
// ledger the newest link of each organization. Nothing in a bundle makes it throw anything but
// std::bad_alloc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/ledger_hash.hpp"

namespace custody::ledger {

/// What a verifier needs of custody.ledger_digest(), section 7.
struct Digest {
    Uuid ledger;
    std::uint64_t block;
    Hash hash;
};

class DigestError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// A digest's text. Its other members are not looked at. Throws DigestError.
Digest parse_digest(std::string text);

enum class BundleVerdict { proven, refuted, unproven };
std::string_view verdict_word(BundleVerdict verdict) noexcept;

enum class Reason { none, form, place, transaction, link, head, block, member, slot, digest };
/// As section 8 calls it; "" for none.
std::string_view reason_word(Reason reason) noexcept;

struct BundleResult {
    BundleVerdict verdict = BundleVerdict::unproven;

    // Where it is refuted.
    Reason reason = Reason::none;
    std::uint64_t line = 0; // from 1 on; 0 = none
    std::string detail;     // what does not hold there; or why it is unproven

    // What the header says it is, as far as the header could be read.
    std::string kind;
    std::string ledger; // uuid
    std::string org;    // hexadecimal
    std::uint64_t from_block = 0;
    std::uint64_t to_block = 0;

    // What was found.
    std::uint64_t lines = 0;
    std::uint64_t blocks = 0;
    std::uint64_t transactions = 0;
    std::uint64_t events = 0;
    std::uint64_t hidden_keys = 0;   // there as hashes only
    std::uint64_t hidden_images = 0; // there as hashes only
    // Parts of contexts: there as hashes only, but for the claims that an organization does not
    // get.
    std::uint64_t hidden_parts = 0;
    std::uint64_t pruned = 0;       // transactions
    std::uint64_t digest_block = 0; // of the latest digest that is the bundle's; 0 = none
    std::uint64_t newest_digest =
        0; // block of the latest digest given: where the ledger had come to
};

class BundleCheck {
  public:
    explicit BundleCheck(std::vector<Digest> digests);
    ~BundleCheck();

    /// One line, without its newline; changed while it is read. False: refuted, no further line is
    /// looked at.
    bool add_line(std::span<char> line);
    /// After the last line, once.
    BundleResult finish();

  private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace custody::ledger
