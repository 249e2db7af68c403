package io.llm2clip.report;

import io.llm2clip.evaluation.Neighbor;
import io.llm2clip.evaluation.Searches;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * Searches by captions, with what they found.
 *
 * @param kind of what is found
 * @param searches what is shown
 * @param models whose searches they are
 * @param query the text of a query
 * @param target the right answer to a query
 * @param item one of those that are searched; asked for once each
 */
public record Gallery(
        Kind kind,
        Searches searches,
        List<String> models,
        IntFunction<String> query,
        IntUnaryOperator target,
        IntFunction<Item> item) {
    /** What captions find. */
    public enum Kind {
        /** Pictures with their captions. */
        IMAGES(
                "Each search is a caption. A green frame marks the image that it was written for, the target; the frame is dashed where"
                        + " the target was not among the first five. Below a picture: its rank, its cosine, and its own caption."),
        /** Other captions. */
        CAPTIONS(
                "Each search is a caption. A green bar marks another caption of the same image, the target; the bar is dashed where the"
                        + " target was not among the first five. Before a caption: its rank and its cosine.");

        private final String explanation;

        Kind(String explanation) {
            this.explanation = explanation;
        }
    }

    /**
     * What can be found.
     *
     * @param caption of it
     * @param picture of an image, unless it cannot be read any more
     */
    public record Item(String caption, Optional<Thumbnail> picture) {}

    /** The gallery as HTML, a part that folds per kind of outcome. */
    public String html() {
        return new Writing(this).html();
    }

    /** The gallery while it is written. */
    private static final class Writing {
        private final Gallery gallery;
        private final Map<Integer, Item> items = new HashMap<>();
        private final StringBuilder html = new StringBuilder();

        Writing(Gallery gallery) {
            this.gallery = gallery;
        }

        String html() {
            List<Searches.Stratum> strata = gallery.searches.strata();
            int all = strata.stream().mapToInt(Searches.Stratum::count).sum();
            boolean open = true;
            html.append("<p class=\"soft\">").append(gallery.kind.explanation).append("</p>");
            for (Searches.Stratum stratum : strata) {
                html.append(String.format(
                        Locale.ROOT,
                        "<details%s><summary>%s: %,d of %,d</summary>",
                        open ? " open" : "",
                        Html.escape(stratum.name()),
                        stratum.count(),
                        all));
                stratum.searches().forEach(this::search);
                html.append("</details>");
                open = open && stratum.count() == 0;
            }
            return html.toString();
        }

        private void search(Searches.Search search) {
            int right = gallery.target.applyAsInt(search.query());
            html.append("<div class=\"search\"><p>")
                    .append(Html.escape(gallery.query.apply(search.query())))
                    .append("</p><div class=\"models %s\">"
                            .formatted(gallery.kind.name().toLowerCase(Locale.ROOT)));
            for (int model = 0; model < gallery.models.size(); model++) {
                Searches.Found found = search.found().get(model);
                html.append(String.format(
                        Locale.ROOT,
                        "<div><p class=\"who\">%s: rank %,d</p><div class=\"found\">",
                        Html.escape(gallery.models.get(model)),
                        found.rank()));
                int rank = 1;
                for (Neighbor neighbor : found.nearest()) {
                    figure(
                            neighbor.candidate() == right ? "hit" : "",
                            neighbor.candidate(),
                            String.format(Locale.ROOT, "%d · %.3f", rank++, neighbor.cosine()));
                }
                if (found.rank() > found.nearest().size()) {
                    figure("target", right, String.format(Locale.ROOT, "target, rank %,d", found.rank()));
                }
                html.append("</div></div>");
            }
            html.append("</div></div>");
        }

        private void figure(String style, int number, String label) {
            Item shown = items.computeIfAbsent(number, gallery.item::apply);
            String caption = Html.escape(shown.caption);
            html.append("<figure class=\"%s\" tabindex=\"0\">".formatted(style));
            shown.picture.ifPresent(picture -> html.append(
                    "<img alt=\"%s\" title=\"%s\" src=\"%s\">".formatted(caption, caption, picture.source())));
            html.append("<figcaption><b>%s</b> <span>%s</span></figcaption></figure>"
                    .formatted(Html.escape(label), caption));
        }
    }
}
