// Bundles of a whole ledger: everything in them is computed again.
#include <algorithm>
#include <cstring>

#include "common/bundle_kinds.hpp"
#include "common/bundle_members.hpp"
#include "common/ledger_transaction.hpp"

namespace custody::ledger {

namespace {

std::string key_of(Bytes org) { return {reinterpret_cast<const char *>(org.data()), org.size()}; }

/// A transaction line and the events after it.
class OpenTransaction {
  public:
    OpenTransaction(TransactionLine line, std::uint64_t number, bool pruned)
        : line_(std::move(line)), number_(number), pruned_(pruned) {
        for (const OrgLine &org : line_.orgs) { // they point into a line that is gone soon
            names_.push_back(key_of(org.org));
            require(names_.size() == 1 || names_[names_.size() - 2] < names_.back(),
                    Reason::transaction, "its organizations do not ascend");
            require(org.events != 0, Reason::transaction, "an organization has no events in it");
        }
        require(!names_.empty(), Reason::transaction, "it has no events");
    }

    void add(const EventLine &event, const Events &events) {
        require(!pruned_, Reason::place, "an event follows a pruned transaction");
        require(event.seq > last_seq_, Reason::transaction, "its events are not in their order",
                number_);
        last_seq_ = event.seq;
        if (rows_.size() < kRowsNamed) {
            rows_.push_back(events.row_of(event));
        }
        ++events_;
        pair(event);
        const Hash order = order_commitment({line_.secret, line_.incarnation, line_.xid, event.seq,
                                             event.cid, event.lsn, event.pair});
        trees_[key_of(event.org)].add(event_leaf(
            {order, event.op, event.context, event.descriptor, event.key, event.images}));
    }

    /// Its leaf (0a). Throws where its events are not those of its organizations.
    Hash end() const {
        require(std::none_of(firsts_.begin(), firsts_.end(),
                             [](const auto &first) { return first.second == 'L'; }),
                Reason::transaction, "the second of a pair is not there", number_);
        if (!pruned_ && trees_.size() != names_.size()) {
            throw Refutation{Reason::transaction, other_events(), number_};
        }
        std::vector<std::byte> orgs;
        for (std::size_t i = 0; i < names_.size(); ++i) {
            const OrgLine &org = line_.orgs[i];
            if (!pruned_) {
                const auto tree = trees_.find(names_[i]);
                if (tree == trees_.end() || tree->second.count() != org.events ||
                    tree->second.value() != org.tree) {
                    throw Refutation{Reason::transaction, other_events(), number_};
                }
            }
            const std::size_t before = orgs.size();
            orgs.resize(before + org_tree_bytes(names_[i].size()));
            put_org_tree(orgs.data() + before, {bytes_of(names_[i]), org.events, org.tree});
        }
        return transaction_leaf(line_.token, line_.started, line_.committing,
                                static_cast<std::uint32_t>(names_.size()), orgs);
    }

    const TransactionLine &line() const { return line_; }
    const std::vector<std::string> &orgs() const { return names_; }

  private:
    /// Which rows it may be: a tree does not tell which of its leaves is another.
    std::string other_events() const {
        const std::string transaction = "transaction " + std::to_string(line_.xid);
        if (events_ == 0) {
            return transaction + ": its events are not there";
        }
        std::string detail = transaction + ": its events are not those that were sealed; one of";
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            detail += (i == 0 ? " " : ", ") + rows_[i];
        }
        if (events_ > rows_.size()) {
            detail += ", and " + std::to_string(events_ - rows_.size()) + " more";
        }
        return detail;
    }

    void pair(const EventLine &event) {
        if (event.op == 'L' || event.op == 'M') {
            firsts_.emplace(event.seq, event.op);
        }
        const bool second = event.op == 'E' || event.op == 'N';
        require(second == (event.pair != kNoPair), Reason::transaction,
                "an event is in a pair as its operation is not", number_);
        if (second) {
            const auto first = firsts_.find(event.pair);
            require(first != firsts_.end() && first->second == (event.op == 'E' ? 'L' : 'M'),
                    Reason::transaction, "the first of a pair is not there", number_);
            firsts_.erase(first);
        }
    }

    TransactionLine line_;
    std::uint64_t number_;
    bool pruned_;
    std::vector<std::string> names_;
    std::uint32_t last_seq_ = 0;
    static constexpr std::size_t kRowsNamed = 10;
    std::vector<std::string> rows_; // of the first events
    std::size_t events_ = 0;
    std::map<std::string, GrowingTree> trees_;
    std::map<std::uint32_t, char> firsts_; // of pairs whose second is to come
};

/// What a block's transactions have come to for one organization.
struct OrgInBlock {
    GrowingTree transactions;
    std::uint64_t events = 0;
};

struct OpenBlock {
    OpenBlock(BlockLine read, std::uint64_t line_number)
        : line(std::move(read)), number(line_number) {}

    BlockLine line;
    std::string snapshot; // the texts of the line, which is gone soon
    std::string notes;
    std::uint64_t number; // of the line
    bool opening = false; // from_block - 1: its transactions are not shown
    GrowingTree transactions;
    std::uint64_t events = 0;
    std::map<std::string, OrgInBlock> orgs; // whose link is to come
    std::set<std::string> new_orgs;         // with a first link, or, opening, with any
    std::set<std::string> slot_of;
    std::optional<std::string> last_link;
};

class LedgerCheck : public KindCheck {
  public:
    explicit LedgerCheck(BundleParts &parts) : parts_(parts), header_(parts.header) {}

    void take(std::string_view t, const JsonLine &line) override {
        if (t == "block") {
            begin_block(read_block(line, true));
            return;
        }
        require(block_.has_value(), Reason::place, "there is no block before it");
        if (t == "transaction" || t == "prune") {
            begin_transaction(read_ledger_transaction(line, t == "prune"), t == "prune");
        } else if (t == "link") {
            link(read_link(line, true));
        } else if (t == "head" || t == "path") {
            throw Refutation{Reason::form, "a bundle of a ledger has no such line"};
        } else {
            require(transaction_.has_value(), Reason::place, "there is no transaction before it");
            if (!parts_.events.take(t, line)) {
                transaction_->add(parts_.events.event(line, true), parts_.events);
            }
        }
    }

    void end() override {
        require(block_.has_value(), Reason::place, "there is no block");
        end_block();
        require(last_number_ == header_.to_block, Reason::place, "the last block is missing");
        parts_.events.end();
    }

  private:
    void begin_block(BlockLine line) {
        if (block_) {
            end_block();
        }
        const std::uint64_t number = line.block.number;
        const bool first = !block_;
        require(number <= header_.to_block, Reason::place, "a block follows the last one");
        require(number ==
                    (first ? std::max<std::uint64_t>(1, header_.from_block - 1) : last_number_ + 1),
                Reason::block, "a block is missing or out of order");
        members_.begin_block(line);
        const std::uint8_t kind = line.private_part.kind;
        if (!first || number == 1) { // else what is before it is not known
            require(line.block.before == last_hash_, Reason::block,
                    "it does not follow the block before it");
            const bool adopts = first || line.block.incarnation != last_incarnation_;
            require(kind == (adopts ? 1 : 0), Reason::block, "its kind is wrong");
        }
        line.block.ledger = header_.ledger;
        block_.emplace(std::move(line), parts_.line);
        keep_texts(number < header_.from_block);
        ++parts_.result.blocks;
    }

    void keep_texts(bool opening) {
        OpenBlock &block = *block_;
        block.opening = opening;
        block.snapshot = block.line.private_part.snapshot;
        block.notes = block.line.private_part.notes;
        for (const auto &[slot, org] : block.line.slot_of) {
            const std::string name = key_of(org);
            require(slots_.emplace(slot, name).second && !orgs_with_slot_.count(name), Reason::slot,
                    "a slot or an organization is there twice");
            orgs_with_slot_.insert(name);
            block.slot_of.insert(name);
        }
        block.line.slot_of.clear();
    }

    void begin_transaction(TransactionLine line, bool pruned) {
        require(!block_->last_link, Reason::place, "a transaction follows a link");
        require(!block_->opening, Reason::place, "a block before the first has a transaction");
        end_transaction();
        members_.add(line.incarnation, line.xid);
        if (pruned) {
            ++parts_.result.pruned;
        } else {
            ++parts_.result.transactions;
        }
        transaction_.emplace(std::move(line), parts_.line, pruned);
    }

    void end_transaction() {
        if (!transaction_) {
            return;
        }
        parts_.events.end_transaction();
        block_->transactions.add(transaction_->end());
        const TransactionLine &line = transaction_->line();
        for (std::size_t i = 0; i < line.orgs.size(); ++i) {
            const OrgLine &org = line.orgs[i];
            OrgInBlock &in_block = block_->orgs[transaction_->orgs()[i]];
            in_block.transactions.add(org_transaction_leaf(line.token, line.started,
                                                           line.committing, org.events, org.tree));
            in_block.events += org.events;
            block_->events += org.events;
        }
        transaction_.reset();
    }

    void link(const Link &link) {
        end_transaction();
        OpenBlock &block = *block_;
        const std::string org = key_of(link.org);
        require(!block.last_link || *block.last_link < org, Reason::link,
                "the links do not ascend by organization");
        block.last_link = org;
        const std::uint64_t number = block.line.block.number;
        LinkState &state = links_[org];
        if (block.opening) {
            require(link.k != 0 && link.block != 0 && link.block <= number, Reason::link,
                    "it is of a later block");
            state = LinkState(link);
            block.new_orgs.insert(org);
            return;
        }
        require(link.block == number, Reason::link, "it is of another block");
        const OrgInBlock in_block = std::move(block.orgs[org]);
        block.orgs.erase(org);
        state.follow(link, in_block.transactions, in_block.events);
        if (link.k == 1) {
            block.new_orgs.insert(org);
        }
    }

    void end_block() {
        end_transaction();
        OpenBlock &block = *block_;
        require(block.orgs.empty(), Reason::link, "an organization has no link", block.number);
        members_.end_block(block.number, !block.opening);
        PrivatePart &part = block.line.private_part;
        if (!block.opening) {
            require(part.transactions == block.transactions.count(), Reason::block,
                    "it has another number of transactions", block.number);
            require(part.events == block.events, Reason::block, "it has another number of events",
                    block.number);
            require(part.tree == block.transactions.value(), Reason::block, "it has another tree",
                    block.number);
        }
        check_slots(block);
        part.snapshot = block.snapshot;
        part.notes = block.notes;
        block.line.block.private_part = private_part(part);
        last_hash_ = block_hash(block.line.block);
        last_number_ = block.line.block.number;
        last_incarnation_ = block.line.block.incarnation;
        parts_.digests.block(last_number_, last_hash_);
    }

    void check_slots(const OpenBlock &block) const {
        require(block.new_orgs == block.slot_of, Reason::slot,
                "slot_of has not exactly the new organizations", block.number);
        const Hash &secret = block.line.private_part.secret;
        std::vector<SlotLeaf> leaves;
        for (const auto &[slot, org] : slots_) {
            leaves.push_back({slot, slot_leaf(slot_blinding(secret, slot), links_.at(org).hash)});
        }
        require(slot_root(leaves, secret) == block.line.block.slots, Reason::slot,
                "the slots are others", block.number);
    }

    BundleParts &parts_;
    const HeaderLine &header_;
    BlockMembers members_;
    std::optional<OpenBlock> block_;
    std::optional<OpenTransaction> transaction_;
    std::map<std::string, LinkState> links_; // newest of each organization
    std::map<std::uint32_t, std::string> slots_;
    std::set<std::string> orgs_with_slot_;
    std::uint64_t last_number_ = 0;
    Hash last_hash_ = kNothingBefore;
    Hash last_incarnation_{};
};

} // namespace

std::unique_ptr<KindCheck> check_ledger(BundleParts &parts) {
    return std::make_unique<LedgerCheck>(parts);
}

} // namespace custody::ledger
