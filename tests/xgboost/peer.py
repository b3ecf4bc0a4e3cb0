# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The same training in Python's xgboost.

peer.py prepare ROOT CASE…   writes for each case the files of the container contract below ROOT/CASE, and what Python's
                             xgboost makes of them
peer.py compare ROOT CASE…   compares ROOT/CASE/log and the model that is below ROOT/CASE now with it, and writes what
                             differs to ROOT/CASE/difference
"""

import json
import os
import pickle
import re
import sys
import traceback

import numpy as np
import xgboost as xgb

# case: (kind of data, hyperparameters, metrics that SageMaker adds)
CASES = {
    'squarederror': ('regression', {'objective': 'reg:squarederror', 'eta': 0.2, 'gamma': 4, 'max_depth': 5, 'min_child_weight': 6,
                                    'subsample': 0.7, 'eval_metric': 'rmse,mae'}, []),
    'squarederror-hist': ('regression', {'tree_method': 'hist', 'grow_policy': 'lossguide', 'max_leaves': 20, 'max_depth': 0,
                                         'max_bin': 64, 'lambda': 2, 'alpha': 0.5}, []),
    'approx-sampled': ('regression', {'tree_method': 'approx', 'colsample_bytree': 0.6, 'colsample_bynode': 0.8, 'subsample': 0.6,
                                      'seed': 11, 'eval_metric': 'rmsle'}, []),
    'logistic': ('binary', {'objective': 'binary:logistic', 'scale_pos_weight': 1.5, 'base_score': 0.4,
                            'eval_metric': 'logloss,error@0.3,auc,aucpr'}, []),
    'softmax': ('classes', {'objective': 'multi:softmax', 'num_class': 3, 'max_depth': 3}, []),
    'softprob-missing': ('classes-missing', {'objective': 'multi:softprob', 'num_class': 3, 'eval_metric': 'merror,mlogloss'}, []),
    'poisson': ('counts', {'objective': 'count:poisson', 'max_delta_step': 0.5}, []),
    'tweedie': ('counts', {'objective': 'reg:tweedie', 'tweedie_variance_power': 1.3}, []),
    'gamma': ('positive', {'objective': 'reg:gamma', 'eval_metric': 'gamma-deviance,gamma-nloglik'}, []),
    'ranking': ('ranking', {'objective': 'rank:ndcg', 'eval_metric': 'ndcg@3,map,ndcg-', 'seed': 3}, []),
    'dart': ('regression', {'booster': 'dart', 'rate_drop': 0.2, 'skip_drop': 0.3, 'one_drop': 1, 'sample_type': 'weighted',
                            'normalize_type': 'forest', 'seed': 5}, []),
    'gblinear': ('regression', {'booster': 'gblinear', 'updater': 'coord_descent', 'lambda': 0.1, 'alpha': 0.01}, []),
    'constraints': ('regression', {'tree_method': 'hist', 'monotone_constraints': '(1,0,0,-1,0)',
                                   'interaction_constraints': '[[1,2],[3,4]]', 'num_parallel_tree': 2}, []),
    'weights': ('weights', {'csv_weights': 1}, []),
    'libsvm': ('libsvm', {'objective': 'reg:squarederror'}, []),
    'pickled': ('regression', {'objective': 'reg:squarederror'}, []),
    'tuning': ('regression', {'eval_metric': 'rmse', '_tuning_objective_metric': 'validation:mae'}, []),
    'stopping': ('regression', {'eta': 0.6, 'early_stopping_rounds': 3, 'eval_metric': 'mae,rmse', 'num_round': 200}, []),
    'own-binary': ('binary', {'objective': 'binary:logistic', 'eval_metric': 'logloss,accuracy,f1,f1_binary,precision,recall,'
                              'balanced_accuracy'}, ['accuracy', 'f1', 'f1_binary', 'precision', 'recall', 'balanced_accuracy']),
    'own-classes': ('classes', {'objective': 'multi:softprob', 'num_class': 3, 'eval_metric': 'accuracy,f1_macro,precision_macro,'
                                'recall_macro,precision_micro,recall_micro,balanced_accuracy'},
                    ['accuracy', 'f1_macro', 'precision_macro', 'recall_macro', 'precision_micro', 'recall_micro', 'balanced_accuracy']),
    'abalone': ('abalone', {'objective': 'reg:squarederror', 'eta': 0.2, 'gamma': 4, 'max_depth': 5, 'min_child_weight': 6,
                            'subsample': 0.7}, []),
}
ROUNDS = 12


def make(kind, n, seed):
    """Returns features, labels, weights, groups."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    x[:, 2] = np.round(x[:, 2], 1)
    signal = 2 * x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) + rng.normal(scale=0.5, size=n)
    weights = groups = None
    if kind in ('binary',):
        y = (signal > 0).astype(float)
    elif kind.startswith('classes'):
        y = np.digitize(signal, [-1.5, 1]).astype(float)
    elif kind == 'counts':
        y = rng.poisson(np.exp(np.clip(signal / 3, -3, 3))).astype(float)
    elif kind == 'positive':
        y = np.exp(signal / 3)
    elif kind == 'ranking':
        y = np.digitize(signal, [-1, 0, 1, 2]).astype(float)
        groups = np.sort(rng.integers(0, n // 12, n))
    else:
        y = signal + 10
    if kind == 'classes-missing':
        x[rng.random(x.shape) < 0.2] = np.nan
    if kind == 'libsvm':
        x[rng.random(x.shape) < 0.4] = np.nan
    if kind == 'weights':
        weights = np.round(rng.random(n), 3)
    return x, y, weights, groups


def abalone(root):
    path = os.path.join(os.environ.get('ATELIER_SOURCE_ROOT', ''), '..', 'shared', 'data', 'abalone.csv')
    if not os.path.exists(path):
        with open(os.path.join(root, 'skip'), 'w') as file:
            file.write('abalone.csv is not there')
        return None
    rows = [line.strip().split(',') for line in open(path)]
    table = np.array([[('M', 'F', 'I').index(row[0])] + [float(value) for value in row[1:]] for row in rows])
    order = np.random.default_rng(0).permutation(len(table))
    table = table[order]
    return [(part[:, :-1], part[:, -1], None, None) for part in (table[:3000], table[3000:])]


def text_of(value):
    return '' if np.isnan(value) else repr(float(value))


def write(folder, kind, data):
    """Writes one channel as two files, one of them in a folder of its own; returns what XGBoost shall take."""
    x, y, weights, groups = data
    lines = []
    for i in range(len(y)):
        if groups is not None or kind == 'libsvm':
            words = [text_of(y[i])]
            if groups is not None:
                words.append('qid:%d' % groups[i])
            words += ['%d:%s' % (k, text_of(value)) for k, value in enumerate(x[i]) if not np.isnan(value)]
            lines.append(' '.join(words))
        else:
            head = [text_of(y[i])] + ([text_of(weights[i])] if weights is not None else [])
            lines.append(','.join(head + [text_of(value) for value in x[i]]))
    os.makedirs(os.path.join(folder, 'b'))
    middle = len(lines) // 2
    for name, part in (('a', lines[:middle]), ('b/c', lines[middle:])):
        with open(os.path.join(folder, name), 'w') as file:
            file.write('\n'.join(part) + '\n')
    return xgb.DMatrix(x, label=y, weight=weights, qid=groups, missing=np.nan)


def own_metric(names):
    from sklearn import metrics as m

    functions = {
        'accuracy': m.accuracy_score,
        'balanced_accuracy': m.balanced_accuracy_score,
        'f1': lambda a, b: m.f1_score(a, b, average='macro'),
        'f1_macro': lambda a, b: m.f1_score(a, b, average='macro'),
        'f1_binary': m.f1_score,
        'precision': m.precision_score,
        'recall': m.recall_score,
    }
    for average in ('macro', 'micro'):
        functions['precision_' + average] = lambda a, b, average=average: m.precision_score(a, b, average=average)
        functions['recall_' + average] = lambda a, b, average=average: m.recall_score(a, b, average=average)

    def evaluate(margins, matrix):
        classes = np.argmax(margins, axis=1) if margins.ndim > 1 else (margins > 0).astype(int)
        return [(name, functions[name](matrix.get_label(), classes)) for name in names]
    return evaluate


def prepare(root, name):
    kind, hyperparameters, own = CASES[name]
    parts = abalone(root) if kind == 'abalone' else [make(kind, 600, 1), make(kind, 200, 2)]
    if parts is None:
        return
    matrices = [write(os.path.join(root, 'input/data', channel), kind, part) for channel, part in zip(('train', 'validation'), parts)]
    given = {'num_round': ROUNDS, **hyperparameters}
    content_type = 'text/libsvm' if kind in ('libsvm', 'ranking') else 'text/csv'
    os.makedirs(os.path.join(root, 'input/config'))
    with open(os.path.join(root, 'input/config/hyperparameters.json'), 'w') as file:
        json.dump({key: str(value) for key, value in given.items()}, file)
    with open(os.path.join(root, 'input/config/inputdataconfig.json'), 'w') as file:
        json.dump({channel: {'ContentType': content_type} for channel in ('train', 'validation')}, file)

    settings = {'nthread': 1, **hyperparameters}
    rounds = given['num_round']
    for key in ('num_round', 'csv_weights'):
        settings.pop(key, None)
    stopping = settings.pop('early_stopping_rounds', None)
    metrics = [metric for metric in settings.pop('eval_metric', '').split(',') if metric]
    tuning = settings.pop('_tuning_objective_metric', None)
    if tuning:
        metrics = sorted(set(metrics) | {tuning.split(':')[1]})
    metrics = [metric for metric in metrics if metric not in own]
    if metrics:
        settings['eval_metric'] = metrics
    results = {}
    booster = xgb.train(settings, matrices[0], rounds, evals=list(zip(matrices, ('train', 'validation'))), evals_result=results,
                        early_stopping_rounds=stopping, verbose_eval=False, **({'feval': own_metric(own)} if own else {}))
    expected = {'results': results}
    if stopping:
        expected['attributes'] = {key: booster.attr(key) for key in ('best_iteration', 'best_score')}
        booster = booster[:booster.best_iteration + 1]
    expected['predictions'] = booster.predict(matrices[1]).tolist()
    with open(os.path.join(root, 'expected.json'), 'w') as file:
        json.dump(expected, file)
    with open(os.path.join(root, 'validation.pickle'), 'wb') as file:
        pickle.dump(parts[1], file)


def compare(root, name):
    with open(os.path.join(root, 'expected.json')) as file:
        expected = json.load(file)
    lines = [line.rstrip('\n') for line in open(os.path.join(root, 'log')) if re.match(r'\[\d+\]', line)]
    results = expected['results']
    rounds = len(next(iter(results['train'].values())))
    assert len(lines) == rounds, (len(lines), rounds)
    for i, line in enumerate(lines):
        words = line.split('\t')
        assert words[0] == '[%d]' % i, line
        wanted = [('%s-%s' % (data, metric), values[i]) for data in ('train', 'validation') for metric, values in results[data].items()]
        assert [word.rsplit(':', 1)[0] for word in words[1:]] == [key for key, _ in wanted], (line, wanted)
        for word, (key, value) in zip(words[1:], wanted):
            assert abs(float(word.rsplit(':', 1)[1]) - value) <= 1e-5 * max(1, abs(value)), (line, key, value)

    x, y, weights, groups = pickle.load(open(os.path.join(root, 'validation.pickle'), 'rb'))
    matrix = xgb.DMatrix(x, missing=np.nan)
    path = os.path.join(root, 'model/xgboost-model')
    if name == 'pickled':
        booster = pickle.load(open(path, 'rb'))
        assert booster.best_ntree_limit == rounds and booster.best_iteration == rounds - 1
    else:
        booster = xgb.Booster(model_file=path)
        again = xgb.Booster()
        again.load_model(path)
        assert np.array_equal(again.predict(matrix), booster.predict(matrix))
    predictions = booster.predict(matrix)
    difference = np.abs(predictions - np.array(expected['predictions'])).max()
    assert difference <= 1e-6 * max(1, np.abs(predictions).max()), difference
    if 'attributes' in expected:
        assert booster.attributes() == expected['attributes'], (booster.attributes(), expected['attributes'])
        assert booster.num_boosted_rounds() == int(expected['attributes']['best_iteration']) + 1


if __name__ == '__main__':
    for case in sys.argv[3:]:
        folder = os.path.join(sys.argv[2], case)
        os.makedirs(folder, exist_ok=True)
        if sys.argv[1] == 'prepare':
            prepare(folder, case)
        elif not os.path.exists(os.path.join(folder, 'skip')):
            try:
                compare(folder, case)
                problem = ''
            except Exception:
                problem = traceback.format_exc()
            with open(os.path.join(folder, 'difference'), 'w') as file:
                file.write(problem)
