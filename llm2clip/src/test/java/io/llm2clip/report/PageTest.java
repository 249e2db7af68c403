package io.llm2clip.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.image.RgbImage;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageTest {
    private static final Set<String> VOID = Set.of("meta", "img", "line", "polyline");

    @TempDir
    Path folder;

    /** Every element ends where it may. */
    static void assertWellFormed(String html) {
        Deque<String> open = new ArrayDeque<>();
        Matcher tags = Pattern.compile("<(/?)([a-z][a-z0-9]*)((?:[^>\"]|\"[^\"]*\")*)>")
                .matcher(html.substring(15));
        while (tags.find()) {
            String name = tags.group(2);
            if (!tags.group(1).isEmpty()) {
                assertThat(name).isEqualTo(open.pop());
            } else if (!VOID.contains(name)) {
                open.push(name);
            }
        }
        assertThat(open).isEmpty();
    }

    @Test
    void theVerdictComesFirstAndTheContentsLeadToSections() throws Exception {
        Path file = folder.resolve("page.html");
        new Page("a <title>", "It works & \"well\".")
                .note("The short recipe.")
                .cards(List.of(new Card("12.3 %", "R@1", "guessing: 0.1 %")))
                .section("One", "<p>%s</p>".formatted(Glossary.guessing()))
                .section(
                        "Two & more",
                        new DataTable()
                                .head(List.of("", "b"))
                                .row("ours", List.of("1", "2"))
                                .html())
                .write(file);
        String html = Files.readString(file);
        assertWellFormed(html);
        assertThat(html).startsWith("<!doctype html>").contains("<title>a &lt;title&gt;</title>");
        assertThat(html.substring(html.indexOf("<body>")))
                .containsSubsequence(
                        "<p class=\"verdict\">It works &amp; &quot;well&quot;.</p>",
                        "The short recipe.",
                        "12.3 %",
                        ">guessing</abbr>: 0.1 %",
                        "href=\"#s2\">Two &amp; more",
                        "id=\"s1\"",
                        "id=\"s2\"");
        // Where nothing can be pointed at, terms are at the end, once each.
        assertThat(html.substring(html.indexOf("<details")))
                .contains("<dt>R@1</dt><dd>the share of searches whose first answer is right;")
                .containsOnlyOnce("<dt>guessing</dt><dd>what answers in random order reach");
        assertThat(new Page("plain", "nothing to explain").html()).doesNotContain("<details");
        // Light and dark, paper, and tables that scroll instead of the page.
        assertThat(html)
                .contains("prefers-color-scheme: dark", "@media print", "figure:focus img", "width=device-width")
                .contains("<div class=\"scroll\"><table", ".scroll { overflow-x: auto;");
        assertThat(html).contains("href=\"https://arxiv.org/abs/2411.04997\"");
        // Nothing is fetched.
        assertThat(html).doesNotContain("<script", "<link", "src=\"http", "url(");
    }

    @Test
    void galleriesCountWhatWasWonAndLostAndShowCaptionsOfWhatWasFound() throws Exception {
        BufferedImage large = new BufferedImage(900, 300, BufferedImage.TYPE_INT_RGB);
        for (int x = 0; x < 900; x++) {
            for (int y = 0; y < 300; y++) {
                large.setRGB(x, y, x < 450 ? 0xff0000 : 0x0000ff);
            }
        }
        for (int i = 0; i < 12; i++) {
            ImageIO.write(large, "png", folder.resolve(i + ".png").toFile());
        }
        Files.writeString(folder.resolve("3.png"), "no image any more");
        int count = 12;
        float[][] images = new float[count][count];
        float[][] texts = new float[count][count];
        IntStream.range(0, count).forEach(i -> {
            images[i][i] = 1;
            texts[i][i] = 1;
        });
        texts[5] = texts[6].clone();
        FloatMatrix candidates = FloatMatrix.of(images);
        FloatMatrix ours = FloatMatrix.of(images);
        FloatMatrix others = FloatMatrix.of(texts);
        Searches searches = Searches.compared(
                new Searches.Model(
                        ours,
                        candidates,
                        RetrievalMetrics.diagonal(candidates, ours).imageRetrieval()),
                new Searches.Model(
                        others,
                        candidates,
                        RetrievalMetrics.diagonal(candidates, others).imageRetrieval()));
        assertThat(searches.strata()).extracting(Searches.Stratum::count).containsExactly(1, 11, 0);
        assertThat(searches.strata().getFirst().searches().getFirst().query()).isEqualTo(5);
        assertThat(searches.strata().get(1).searches()).hasSize(4);
        String html = new Gallery(
                        Gallery.Kind.IMAGES,
                        searches,
                        List.of("ours", "CLIP"),
                        query -> "query <" + query + ">",
                        query -> query,
                        image -> new Gallery.Item(
                                "caption \"" + image + "\"", Thumbnail.of(folder.resolve(image + ".png"))))
                .html();
        assertWellFormed("<!doctype html>" + html);
        assertThat(html)
                .contains("won: the target ranks higher: 1 of 12", "tied: the same rank: 11 of 12")
                .contains("query &lt;5&gt;", "ours: rank 1", "CLIP: rank 7", "target, rank 7")
                .contains("alt=\"caption &quot;5&quot;\"", "data:image/jpeg;base64,");
        // A picture is as large as it is shown, whatever its file.
        assertThat(html.length()).isLessThan(400_000);
        assertThat(Thumbnail.of(folder.resolve("3.png"))).isEmpty();
    }

    @Test
    void searchesOfOneModelAreSortedByThePlaceOfTheRightImage() {
        int count = 30;
        float[][] images = new float[count][2];
        for (int i = 0; i < count; i++) {
            images[i] = new float[] {(float) Math.cos(i / 30.0), (float) Math.sin(i / 30.0)};
        }
        FloatMatrix candidates = FloatMatrix.of(images);
        // The first ten queries are images, the others all look like the first.
        float[][] queries = new float[count][];
        for (int i = 0; i < count; i++) {
            queries[i] = images[i < 10 ? i : 0];
        }
        FloatMatrix texts = FloatMatrix.of(queries);
        Searches searches = Searches.of(new Searches.Model(
                texts, candidates, RetrievalMetrics.diagonal(candidates, texts).imageRetrieval()));
        assertThat(searches.strata()).extracting(Searches.Stratum::count).containsExactly(10, 0, 20);
        assertThat(searches.strata().getLast().searches())
                .extracting(search -> search.found().getFirst().rank())
                .containsExactly(30, 29, 28, 27);
        assertThat(searches.strata().getFirst().searches())
                .extracting(Searches.Search::query)
                .containsExactly(0, 2, 4, 6);
    }

    private static Gallery captions() {
        // The first searches find what they should, the last one only after the training.
        FloatMatrix after = FloatMatrix.of(new float[][] {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
        FloatMatrix before = FloatMatrix.of(new float[][] {{1, 0, 0}, {0, 1, 0}, {1, 0, 0.5f}});
        return new Gallery(
                Gallery.Kind.CAPTIONS,
                Searches.compared(
                        new Searches.Model(
                                after,
                                after,
                                RetrievalMetrics.diagonal(after, after).imageRetrieval()),
                        new Searches.Model(
                                        before,
                                        after,
                                        RetrievalMetrics.diagonal(after, before).imageRetrieval())
                                .answered()),
                List.of("after the training", "before it"),
                query -> "short <" + query + ">",
                query -> query,
                number -> new Gallery.Item("long <" + number + ">", Optional.empty()));
    }

    @Test
    void captionsThatAreFoundAreAList() {
        String html = captions().html();
        assertWellFormed("<!doctype html>" + html);
        assertThat(html)
                .contains("won: the target ranks higher: 1 of 3", "tied: the same rank: 2 of 3", ": 0 of 3")
                .containsSubsequence(
                        "short &lt;2&gt;",
                        "after the training: rank 1",
                        "class=\"hit\"",
                        "<b>1 · 1.000</b> <span>long &lt;2&gt;</span>",
                        "before it: rank 2",
                        "<b>1 · 0.894</b> <span>long &lt;0&gt;</span>")
                .doesNotContain("<img");
    }

    @Test
    void galleriesAreReadAsTheyWereWritten() throws Exception {
        Path place = folder.resolve("searches");
        BufferedImage picture = new BufferedImage(30, 20, BufferedImage.TYPE_INT_RGB);
        FloatMatrix vectors = FloatMatrix.of(new float[][] {{1, 0}, {0.8f, 0.6f}, {0, 1}});
        Gallery pictures = new Gallery(
                Gallery.Kind.IMAGES,
                Searches.of(new Searches.Model(
                        vectors,
                        vectors,
                        RetrievalMetrics.diagonal(vectors, vectors).imageRetrieval())),
                List.of("this model"),
                query -> "kite " + query,
                query -> query,
                number -> new Gallery.Item("kite " + number, Optional.of(Thumbnail.of(RgbImage.of(picture)))));
        Map<String, Gallery> galleries = new LinkedHashMap<>();
        galleries.put("long captions", captions());
        galleries.put("images", pictures);
        GalleryFolder.write(place, galleries);
        Map<String, Gallery> read = GalleryFolder.read(place);
        assertThat(read.keySet()).containsExactly("long captions", "images");
        assertThat(read.get("long captions").html()).isEqualTo(captions().html());
        assertThat(read.get("images").html()).isEqualTo(pictures.html()).contains("<img");
        // The pictures of a folder are files of their own; what is gone is left out.
        Path first = place.resolve(GalleryFolder.picture(1, 0));
        assertThat(ImageIO.read(first.toFile()).getWidth()).isEqualTo(30);
        Files.delete(first);
        assertThat(GalleryFolder.read(place).get("images").item().apply(0).picture())
                .isEmpty();
        assertThat(GalleryFolder.read(folder.resolve("none"))).isEmpty();
    }

    @Test
    void otherSearchesAreRefusedAndReadNothingElse() throws Exception {
        Path place = folder.resolve("searches");
        GalleryFolder.write(place, Map.of("captions", captions()));
        Path file = place.resolve(GalleryFolder.NAME);
        String whole = Files.readString(file);
        Files.writeString(folder.resolve("secret"), "secret");
        Files.writeString(file, whole.replaceFirst("\"caption\" : \"long <0>\"", "$0, \"picture\" : \"../secret\""));
        assertThat(GalleryFolder.read(place).get("captions").item().apply(0).picture())
                .isEmpty();
        for (String broken : List.of("[{", "[{\"title\": \"x\"}]", whole.replaceFirst("\"2\" :", "\"7\" :"))) {
            Files.writeString(file, broken);
            assertThatThrownBy(() -> GalleryFolder.read(place))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(file + ": expected searches as training writes them, found something else; delete its"
                            + " folder to do without them.");
        }
    }

    @Test
    void axesHaveRoundNumbers() {
        String chart =
                Chart.of("loss &amp; more", List.of(Series.of("", List.of(7.43f, 5.53f, 3.2f, 1.1f, Float.NaN))));
        assertThat(chart)
                .contains(">0</text>", ">2</text>", ">8</text>", "<p>loss &amp; more</p>")
                .doesNotContain(">7.43");
        assertWellFormed("<!doctype html>" + Chart.of("flat", List.of(Series.of("", List.of(2f, 2f)))));
        assertThat(Chart.of("none", List.of())).contains("0 steps");
        assertThat(Chart.exact(Glossary.explained("learning rate"), Series.of("", List.of(1e-5f, 2e-5f, 0f))))
                .contains(">2e-5<", "3 steps", "aria-label=\"learning rate\"", "</abbr></p>")
                .containsOnlyOnce("<polyline");
        Series many = new Series("");
        IntStream.rangeClosed(1, 1400).forEach(step -> many.add(step, step));
        assertThat(Chart.of("many", List.of(many)))
                .contains(">0</text>", ">500</text>", ">1,000</text>", ">1,400 steps</text>");
    }

    @Test
    void aLineThatBeginsLaterIsMarked() {
        Series always = new Series("long to long");
        Series soon = new Series("long to short");
        Series late = new Series("short to long");
        IntStream.rangeClosed(1, 100).forEach(step -> (step % 2 == 0 ? always : step > 60 ? late : soon).add(step, 2));
        String chart = Chart.of("loss", List.of(always, soon, late));
        assertWellFormed("<!doctype html>" + chart);
        assertThat(chart).contains("class=\"mark c2\"").doesNotContain("mark c0", "mark c1");
        assertThat(Chart.of("loss", List.of(late))).doesNotContain("mark");
        assertThat(LossCharts.of(Map.of("stage 1", List.of(always, soon, late))))
                .contains("each kind has a line", "A dashed line marks where the curriculum adds a kind");
        assertThat(LossCharts.of(Map.of("stage 1", List.of(always, soon))))
                .contains("each kind has a line")
                .doesNotContain("curriculum");
    }

    @Test
    void termsAreExplainedWhereTheyStand() {
        assertThat(Glossary.explained("R@10, text to image, by <Guessing>"))
                .matches(
                        "<abbr title=\"[^\"]*among the first 10[^\"]*\">R@10</abbr>, <abbr title=\"a caption[^\"]*\">text to"
                                + " image</abbr>, by &lt;<abbr title=\"what answers[^\"]*\">Guessing</abbr>&gt;");
        assertThat(Glossary.explained("stage 1, caption contrast")).containsOnlyOnce("<abbr");
        assertThat(Glossary.explained("R@x & lossless")).isEqualTo("R@x &amp; lossless");
    }

    @Test
    void differencesAreColoredAndAPhoneShowsThemBelowTheirRow() {
        BothWays ours = new BothWays(new Recall(0.1, 0.2, 0.3), new Recall(0.4, 0.5, 0.6));
        BothWays other = new BothWays(new Recall(0.05, 0.15, 0.25), new Recall(0.35, 0.45, 0.555));
        String html = new RecallTable("my <model>", 1, 10)
                .group("set")
                .row("ours", "my <model>", ours, List.of())
                .row("", "CLIP", other, List.of(new Interval(0.05, -0.01, 0.11), new Interval(-0.05, -0.09, -0.01)))
                .guessing(new Recall(0.01, 0.05, 0.1))
                .html();
        assertWellFormed("<!doctype html>" + html);
        assertThat(html)
                .contains("my &lt;model&gt; minus this, <abbr", "<td>CLIP</td><td>5.0</td>", "<td>55.5</td>")
                .contains("<td class=\"wide\"><span class=\"level\">+5.0 [-1.0, +11.0]</span></td>")
                .contains(
                        "<td class=\"wide\"><span class=\"behind\">-5.0 [-9.0, -1.0]</span></td></tr><tr class=\"narrow\">")
                .contains("<tr class=\"ours\"><td>my &lt;model&gt;</td><td>10.0</td>")
                .contains(">guessing</abbr></td><td>1.0</td><td>5.0</td>");
        assertThat(new RecallTable().row("", "a", ours, List.of()).html()).doesNotContain("minus", "wide", "narrow");
        String figures = new DifferenceTable("a & b", "CLIP")
                .row("top-1 <80>", 0.5, 0.4, 0.01, new Interval(0.1, 0.05, 0.15))
                .html();
        assertWellFormed("<!doctype html>" + figures);
        assertThat(figures)
                .contains(
                        "<th>a &amp; b</th><th>CLIP</th>",
                        "<td>top-1 &lt;80&gt;</td><td>50.0</td><td>40.0</td><td>1.0</td>")
                .contains("<td class=\"wide\"><span class=\"ahead\">+10.0 [+5.0, +15.0]</span></td>")
                .contains("<tr class=\"narrow\"><td colspan=\"4\">difference: <span class=\"ahead\">");
    }

    @Test
    void factsNameTheMachine() {
        assertThat(new Facts().and("seed", "<7>").machine("the CPU").html())
                .contains("&lt;7&gt;", "threads, vectors of", "Java", "computed on", "date");
    }
}
