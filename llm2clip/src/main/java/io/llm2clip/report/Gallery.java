package io.llm2clip.report;

import io.llm2clip.evaluation.Neighbor;
import io.llm2clip.evaluation.Searches;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * Searches of images by captions, with pictures.
 *
 * @param searches what is shown
 * @param models whose searches they are
 * @param query the text of a query
 * @param target the image that a query describes
 * @param picture of an image
 */
public record Gallery(
        Searches searches,
        List<String> models,
        IntFunction<String> query,
        IntUnaryOperator target,
        IntFunction<Picture> picture) {
    /**
     * An image.
     *
     * @param caption what it shows
     */
    public record Picture(Path file, String caption) {}

    /** The gallery as HTML, a part that folds per kind of outcome. */
    public String html() {
        Map<Integer, Optional<String>> thumbnails = new HashMap<>();
        StringBuilder html = new StringBuilder(
                "<p class=\"soft\">A search is a caption; a green frame is the image that it was written for, a dashed one is this image"
                        + " where it was not among the first. Below a picture: its place, its cosine, and its own caption.</p>");
        boolean open = true;
        for (Searches.Stratum stratum : searches.strata()) {
            html.append(String.format(
                    Locale.ROOT,
                    "<details%s><summary>%s: %,d of %,d</summary>",
                    open ? " open" : "",
                    Html.escape(stratum.name()),
                    stratum.count(),
                    searches.strata().stream().mapToInt(Searches.Stratum::count).sum()));
            stratum.searches().forEach(search -> search(html, search, thumbnails));
            html.append("</details>");
            open = false;
        }
        return html.toString();
    }

    private void search(StringBuilder html, Searches.Search search, Map<Integer, Optional<String>> thumbnails) {
        int right = target.applyAsInt(search.query());
        html.append("<div class=\"search\"><p>")
                .append(Html.escape(query.apply(search.query())))
                .append("</p>");
        for (int model = 0; model < models.size(); model++) {
            Searches.Found found = search.found().get(model);
            html.append(String.format(
                    Locale.ROOT,
                    "<p class=\"who\">%s: rank %,d</p><div class=\"images\">",
                    Html.escape(models.get(model)),
                    found.rank()));
            int place = 1;
            for (Neighbor neighbor : found.nearest()) {
                boolean hit = neighbor.candidate() == right;
                figure(
                        html,
                        hit ? "hit" : "",
                        neighbor.candidate(),
                        String.format(Locale.ROOT, "%d · %.3f", place++, neighbor.cosine()),
                        thumbnails);
            }
            if (found.rank() > found.nearest().size()) {
                figure(html, "target", right, "right, rank " + found.rank(), thumbnails);
            }
            html.append("</div>");
        }
        html.append("</div>");
    }

    private void figure(
            StringBuilder html, String style, int image, String label, Map<Integer, Optional<String>> thumbnails) {
        Picture shown = picture.apply(image);
        String caption = Html.escape(shown.caption());
        html.append("<figure class=\"%s\" tabindex=\"0\">".formatted(style));
        thumbnails
                .computeIfAbsent(image, _ -> Thumbnail.of(shown.file()))
                .ifPresent(source ->
                        html.append("<img alt=\"%s\" title=\"%s\" src=\"%s\">".formatted(caption, caption, source)));
        html.append(
                "<figcaption><b>%s</b><span>%s</span></figcaption></figure>".formatted(Html.escape(label), caption));
    }
}
