package io.llm2clip.training.pair;

import io.llm2clip.dataset.DataSource;
import java.util.ArrayList;
import java.util.List;

/** Says what of a source is otherwise than one would expect. */
record PairRemarks(DataSource source, PairSurvey survey, Pairing pairing, int batch) {
    /** A sentence each. */
    List<String> all() {
        List<String> remarks = new ArrayList<>();
        if (survey.pairable() < survey.looked()) {
            remarks.add("%d of %d groups of %s have no two different captions and are left out%s."
                    .formatted(
                            survey.looked() - survey.pairable(),
                            survey.looked(),
                            source.set().name(),
                            survey.exact() ? "" : ", as far as was looked"));
        }
        if (survey.estimate() < batch) {
            remarks.add(
                    "Batches of stage 1 have %d pairs instead of %d, because there are only %d images to learn from."
                            .formatted(survey.estimate(), batch, survey.estimate()));
        }
        if (!survey.queries()) {
            kinds(remarks);
        } else if (survey.ownNegatives() > 0 && survey.ownNegatives() < survey.pairable()) {
            remarks.add(
                    "%d of %d queries of %s have a negative of their own; the others get a document of another query."
                            .formatted(survey.ownNegatives(), survey.pairable(), source.name()));
        }
        return remarks;
    }

    private void kinds(List<String> remarks) {
        int detailed = survey.having(PairKind.LONG_TO_LONG);
        int mixed = survey.having(PairKind.SHORT_AND_LONG);
        if (pairing.mix() == PairMix.SHORT_LONG) {
            if (mixed < survey.pairable()) {
                remarks.add("%d of %d images have no short caption and are left out of stage 1."
                        .formatted(survey.pairable() - mixed, survey.pairable()));
            }
        } else if (detailed < 2) {
            remarks.add(
                    "All pairs of stage 1 are of a short and a long caption, because no images have two long ones.");
        } else if (mixed < 2 && (pairing.mix() == PairMix.ANY || pairing.mixedShare() > 0)) {
            remarks.add(
                    "All pairs of stage 1 are of captions of similar length, because no images have a short one of less"
                            + " than half the tokens.");
        } else if (Math.min(detailed, mixed) < survey.pairable() && pairing.mix() == PairMix.BY_LENGTH) {
            remarks.add(
                    "Of %d images %d have two long captions and %d a short and a long one; stage 1 pairs each with what it has."
                            .formatted(survey.pairable(), detailed, mixed));
        }
    }
}
