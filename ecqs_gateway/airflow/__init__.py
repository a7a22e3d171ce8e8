"""The only package that imports Airflow: DAG builders and connections."""
